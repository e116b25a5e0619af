import { once } from "node:events";
import { connect } from "node:tls";
import { Redis, type RedisOptions } from "ioredis";
import {
  connectRedisCluster,
  type StartedRedisCluster,
  startRedisCluster,
} from "testcontainers-redis-cluster";
import { redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { describe, expect } from "vitest";
import { keepOneCluster } from "../support/keep-one-cluster.ts";
import { setReplicated } from "../support/set-replicated.ts";

const test = redisClusterTest({
  scope: "file",
  defaultUser: false,
  users: {
    app: { rules: "~app:* +@read +@write +@connection +cluster +info" },
    copy: { rules: "+psync +replconf +ping" },
  },
  replicationUser: "copy",
  tls: { names: "hosts" },
  nodeTimeoutMs: 500,
  config: {
    "rename-command": [
      "CONFIG secret-config",
      ...["FLUSHALL", "FLUSHDB", "KEYS", "DEBUG", "TIME"].map((name) => `${name} ""`),
    ],
  },
});

/** Connects to node-0 with TLS as Node does by default, and returns the names in its certificate. */
async function readCertificateNames(
  cluster: StartedRedisCluster,
  options: { readonly ca?: string; readonly servername?: string },
): Promise<string | undefined> {
  const socket = connect({ ...cluster.node("node-0").mappedAddress, ...options });
  try {
    await once(socket, "secureConnect");
    return socket.getPeerCertificate().subjectaltname;
  } finally {
    socket.destroy();
  }
}

/** Sends PING to node-0 over a new connection, without retries. */
async function ping(
  cluster: StartedRedisCluster,
  options: Pick<RedisOptions, "username" | "password">,
): Promise<string> {
  const client = new Redis({
    ...cluster.node("node-0").mappedAddress,
    ...(cluster.tls === undefined ? {} : { tls: { ...cluster.tls } }),
    ...options,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  client.on("error", () => {});
  try {
    return await client.ping();
  } finally {
    client.disconnect();
  }
}

describe("a cluster hardened like production", () => {
  keepOneCluster(test);

  test("forms from placeholders", async ({ cluster }) => {
    expect(cluster.startup).toMatchObject({ strategy: "placeholder", fallbackReason: undefined });
    expect((await cluster.check()).problems).toEqual([]);
  });

  test("accepts users with their own rights, and rejects clients without a user", async ({ cluster }) => {
    await expect(ping(cluster, {})).rejects.toThrow(/NOAUTH/);
    await expect(ping(cluster, { username: "default", password: "" })).rejects.toThrow(/NOAUTH|WRONGPASS/);
    expect(await ping(cluster, cluster.credentials("app"))).toBe("PONG");
    const app = await cluster.connect({ redisOptions: cluster.credentials("app") });
    await app.set("app:1", "kept");
    await expect(app.set("other", "x")).rejects.toThrow(/NOPERM/);
    expect(() => cluster.credentials("default")).toThrow(/one of "app", "copy", "harness"/);
    const { client } = cluster.node("node-0");
    expect(await client.call("ACL", "WHOAMI")).toBe("harness");
    expect(await client.client("LIST")).toMatch(/ user=copy /);
  });

  test("rejects removed commands, and renamed ones under their old names", async ({ cluster }) => {
    const { client } = cluster.node("node-1");
    await expect(client.call("FLUSHALL")).rejects.toThrow(/unknown command/);
    await expect(client.config("GET", "port")).rejects.toThrow(/unknown command/);
    expect(await client.call("secret-config", "GET", "cluster-node-timeout")).toContain("500");
  });

  test("has certificates that match the hostname but no address", async ({ cluster }) => {
    const { ca = "", servername } = cluster.tls ?? {};
    expect(servername).toBe("localhost");
    expect(await readCertificateNames(cluster, { ca, servername: "localhost" })).toBe(
      "DNS:node-0, DNS:localhost",
    );
    await expect(readCertificateNames(cluster, { ca })).rejects.toMatchObject({
      code: "ERR_TLS_CERT_ALTNAME_INVALID",
    });
    // A cluster client that verifies the addresses to which it is redirected cannot connect.
    const { startupNodes, options } = cluster.clientOptions();
    expect(options.redisOptions?.tls?.servername).toBe("localhost");
    expect(startupNodes).toHaveLength(6);
    const verifying = cluster.connect(
      { redisOptions: { tls: { servername: undefined } } },
      { timeoutMs: 500 },
    );
    await expect(verifying).rejects.toMatchObject({ code: "WAIT_TIMEOUT" });
  });

  test("fails over, accepts the killed node again, and is reset", async ({ cluster }) => {
    const killed = await cluster.primaryOf("app:1");
    await using workload = await cluster.startWorkload();
    await workload.waitForAcknowledged(killed.plannedShard, Date.now());
    const failover = await cluster.observeFailover(() => cluster.kill(killed));
    expect(failover.failed.name).toBe(killed.name);
    await cluster.heal();
    await cluster.waitUntilHealthy({ timeoutMs: 30_000 });
    expect((await workload.stop()).acknowledged).toBeGreaterThan(0);
    await cluster.client.call("ACL", "SETUSER", "copy", "off");
    await cluster.reset();
    expect((await cluster.check()).problems).toEqual([]);
    for (const { client } of cluster.nodes) {
      expect(await client.dbsize()).toBe(0);
      const users = (await client.call("ACL", "LIST")) as readonly string[];
      expect(users.find((line) => line.startsWith("user copy "))).toMatch(/^user copy on /);
      expect(users.find((line) => line.startsWith("user default "))).toMatch(/^user default off /);
    }
  });

  test("accepts a handle of another process", async ({ cluster }) => {
    const shared: unknown = JSON.parse(JSON.stringify(await cluster.share()));
    await using handle = await connectRedisCluster(shared as Awaited<ReturnType<typeof cluster.share>>);
    await handle.client.set("app:2", "kept");
    expect(await cluster.client.get("app:2")).toBe("kept");
    expect((await handle.check()).problems).toEqual([]);
  });
});

test("a cluster with one fixed certificate name starts, fails over and is reset", async () => {
  await using cluster = await startRedisCluster({
    nodes: 2,
    replicas: 1,
    tls: { names: "redis.example", clientAuth: true },
  });
  const { tls = { ca: "" } } = cluster;
  expect(tls.servername).toBe("redis.example");
  expect(await readCertificateNames(cluster, tls)).toBe("DNS:redis.example");
  await expect(readCertificateNames(cluster, { ...tls, servername: "node-0" })).rejects.toMatchObject({
    code: "ERR_TLS_CERT_ALTNAME_INVALID",
  });
  await setReplicated(cluster, "order:42", "paid");
  await cluster.kill("node-0");
  await cluster.failover("node-1", { mode: "takeover" });
  expect(await cluster.client.get("order:42")).toBe("paid");
  expect((await cluster.reset()).restarted).toContain("node-0");
  expect(await cluster.client.get("order:42")).toBeNull();
  expect((await cluster.check()).problems).toEqual([]);
});
