import {
  type ClientLibraries,
  type RedisClusterOptions,
  type StartedRedisCluster,
  startRedisCluster,
} from "testcontainers-redis-cluster";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { hasDirectAccess, NO_DIRECT_ACCESS } from "../support/engine.ts";
import { runScript } from "../support/run-script.ts";

const NAMES: readonly (keyof ClientLibraries)[] = ["ioredis", "node-redis", "iovalkey", "valkey-glide"];
const KEY = "order:42";
/** A key of each shard. */
const KEYS = ["order:42", "order:43", "order:44", "order:45", "order:46", "order:47"];

/** What the clients of all libraries have in common. */
interface AnyClient {
  set(key: string, value: string): Promise<unknown>;
  get(key: string): Promise<unknown>;
}

async function connect(
  cluster: StartedRedisCluster,
  client: keyof ClientLibraries,
  wait = {},
): Promise<AnyClient> {
  return (await cluster.connect({ client }, wait)) as AnyClient;
}

/** Writes and reads keys of all shards, with as many attempts as the library needs after a failover. */
async function expectToWork(client: AnyClient, value: string): Promise<void> {
  for (const key of KEYS) {
    await expect
      .poll(() => client.set(key, value).then(String, String), { timeout: 30_000, interval: 100 })
      .toBe("OK");
    await expect.poll(() => client.get(key).catch(String), { timeout: 30_000, interval: 100 }).toBe(value);
  }
}

const KINDS: readonly { readonly kind: string; readonly options: RedisClusterOptions }[] = [
  { kind: "with direct access", options: { access: "direct" } },
  {
    kind: "with published ports, TLS, a password and host names",
    options: {
      access: "published",
      tls: true,
      password: "secret",
      config: {
        "cluster-announce-hostname": "{name}.redis.test",
        "cluster-preferred-endpoint-type": "hostname",
      },
    },
  },
];

describe.each(KINDS)("a cluster $kind", ({ options }) => {
  let cluster: StartedRedisCluster;
  beforeEach(async ({ skip }) =>
    skip(options.access === "direct" && !(await hasDirectAccess()), NO_DIRECT_ACCESS),
  );
  beforeAll(async () => {
    if (options.access !== "direct" || (await hasDirectAccess()))
      cluster = await startRedisCluster({ nodes: 6, replicas: 1, ...options });
  });
  afterAll(() => cluster?.stop());

  test.each(NAMES)(
    "%s survives a killed primary, its restart, a failover and ends with a reset",
    async (name) => {
      const client = await connect(cluster, name);
      await expectToWork(client, "before");
      const kill = await cluster.killPrimary(KEY);
      await expectToWork(client, "killed");
      await kill.heal();
      await cluster.waitUntilHealthy();
      await cluster.failover({ replicaOf: KEY });
      await expectToWork(client, "promoted");
      await cluster.reset();
      await expect(client.get(KEY)).rejects.toThrow(/clos/i);
      expect(await cluster.client.dbsize()).toBe(0);
    },
  );
});

test("options of the library are used, and a process exits after stop()", async () => {
  const { stdout, stderr } = await runScript(`
    import { startRedisCluster } from "testcontainers-redis-cluster";
    const cluster = await startRedisCluster({ nodes: 3, replicas: 0 });
    const clients = [
      await cluster.connect({ client: "node-redis", keyPrefix: "app:" }),
      await cluster.connect({ client: "iovalkey", keyPrefix: "app:" }),
      await cluster.connect({ client: "valkey-glide", clientName: "app" }),
    ];
    for (const [index, client] of clients.entries()) await client.set("order:" + index, "x");
    const lists = await Promise.all(cluster.nodes.map(({ client }) => client.client("LIST")));
    console.log(await cluster.client.exists("app:order:0"), await cluster.client.exists("app:order:1"));
    console.log(await cluster.client.exists("order:2"), lists.join("").includes("name=app"));
    await cluster.stop();
  `);
  expect({ stdout, stderr }).toEqual({ stdout: "1 1\n1 true\n", stderr: "" });
});

test("valkey-glide is rejected if the certificates contain only names", async () => {
  await using cluster = await startRedisCluster({ nodes: 3, replicas: 0, tls: { names: "redis.example" } });
  await expect(cluster.connect({ client: "valkey-glide" })).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    message: expect.stringContaining("valkey-glide verifies the addresses to which it connects"),
  });
});

test("invalid requests for a client are rejected", async () => {
  await using cluster = await startRedisCluster({ nodes: 3, replicas: 0, tls: { clientAuth: true } });
  await expect(cluster.connect({ client: "lettuce" as "ioredis" })).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    message: expect.stringContaining(
      'expected client to be one of "ioredis", "node-redis", "iovalkey", "valkey-glide", got "lettuce"',
    ),
  });
  await expect(cluster.connect({ client: "valkey-glide" })).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    message: expect.stringContaining("valkey-glide cannot present a client certificate"),
  });
  // Wrong credentials: the error of the library explains why the client did not connect.
  const wrong = { username: "nobody", password: "x" };
  // A client must have been rejected once within the timeout, also on a busy machine.
  const timeoutMs = 3_000;
  await Promise.all(
    [
      cluster.connect({ client: "node-redis", defaults: wrong }, { timeoutMs }),
      cluster.connect({ client: "iovalkey", redisOptions: wrong }, { timeoutMs }),
    ].map((connecting) =>
      expect(connecting).rejects.toMatchObject({
        code: "WAIT_TIMEOUT",
        message: expect.stringContaining("Still: "),
      }),
    ),
  );
  for (const client of ["node-redis", "iovalkey"] as const) {
    expect(await (await connect(cluster, client)).set(KEY, "paid")).toBe("OK");
  }
});
