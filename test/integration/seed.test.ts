import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Cluster } from "ioredis";
import {
  connectRedisCluster,
  type RedisClusterError,
  type RedisClusterOptions,
  type StartedRedisCluster,
  startRedisCluster,
} from "testcontainers-redis-cluster";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { readContainerFile } from "../support/engine.ts";
import { isBefore7 } from "../support/server-version.ts";

/** Enough members for the encodings of large sets and hashes. */
const MEMBERS = Array.from({ length: 600 }, (_, index) => `member-${index}`);
const LIBRARY = "#!lua name=seeded\nredis.register_function('answer', function() return 42 end)";
const TTL_MS = 600_000;
const BINARY = Buffer.from([0xff, 0x00, 0x0a]);

const NO_FIELD_TTL = "the fields of hashes have no time to live before Redis 7.4 and Valkey 9.0";

/** Returns whether the fields of hashes can have a time to live. */
async function hasFieldTtl(client: Cluster): Promise<boolean> {
  const [command] = (await client.call("COMMAND", "INFO", "HPEXPIRE")) as readonly unknown[];
  return command !== null;
}

/** Writes values of all kinds. Some have encodings whose order depends on the process. */
async function load(client: Cluster): Promise<void> {
  await client.set("order:42", "paid");
  await client.set(BINARY, BINARY);
  await client.rpush("list", "c", "a", "b");
  await client.sadd("numbers", 3, 1, 2);
  await client.sadd("big-set", ...MEMBERS);
  await client.hset("big-hash", Object.fromEntries(MEMBERS.map((name) => [name, name.repeat(20)])));
  await client.zadd("scores", 2, "b", 1, "a");
  await client.xadd("stream", "1-1", "field", "value");
  await client.xgroup("CREATE", "stream", "readers", "0");
  await client.xreadgroup("GROUP", "readers", "one", "STREAMS", "stream", ">");
  await client.set("session", "open", "PX", TTL_MS);
  await client.hset("visit", "page", "home", "token", "t", BINARY, BINARY);
  await client.hset("codes", Object.fromEntries(MEMBERS.map((name) => [name, name.repeat(20)])));
  if (await hasFieldTtl(client)) {
    await client.hpexpire("visit", TTL_MS, "FIELDS", 2, "page", BINARY);
    await client.hpexpire("codes", TTL_MS, "FIELDS", MEMBERS.length, ...MEMBERS);
  }
  if (!(await isBefore7()))
    await Promise.all(client.nodes("master").map((node) => node.function("LOAD", LIBRARY)));
  for (let index = 0; index < 50; index += 1) await client.set(`item:${index}`, index);
}

/** Returns the data of {@link load} as a client reads it. */
async function read(client: Cluster): Promise<unknown> {
  const sizes = await Promise.all(client.nodes("master").map((node) => node.dbsize()));
  return {
    size: sizes.reduce((sum, size) => sum + size, 0),
    order: await client.get("order:42"),
    binary: await client.getBuffer(BINARY),
    list: await client.lrange("list", 0, -1),
    numbers: (await client.smembers("numbers")).toSorted(),
    bigSet: (await client.smembers("big-set")).toSorted(),
    bigHash: await client.hgetall("big-hash"),
    scores: await client.zrange("scores", "0", "-1", "WITHSCORES"),
    stream: await client.xrange("stream", "-", "+"),
    pending: await client.xpending("stream", "readers"),
    session: await client.get("session"),
    visit: await client.hmgetBuffer("visit", "page", "token", BINARY),
    codes: await client.hgetall("codes"),
    answer: (await isBefore7()) ? undefined : await client.fcall("answer", 1, "order:42"),
  };
}

/** Returns the error with which a start fails. */
async function failureOf(options: RedisClusterOptions): Promise<RedisClusterError> {
  return await startRedisCluster(options).then(
    async (cluster) => {
      await cluster.stop();
      throw new Error("expected the start to fail, but the cluster started");
    },
    (error: unknown) => error as RedisClusterError,
  );
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "seed-test-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("a cluster with replicas and a function", () => {
  let cluster: StartedRedisCluster;
  let before: unknown;
  const rdb: string[] = [];
  beforeAll(async () => {
    cluster = await startRedisCluster({ seed: load });
    before = await read(cluster.client);
  });
  afterAll(() => cluster?.stop());

  async function expectSeed(): Promise<void> {
    expect(await read(cluster.client)).toEqual(before);
    // A busy machine may cause other changes: slow commands, and nodes that did not answer for a moment.
    const changes = (await cluster.findChanges()).filter((change) => /keys|functions/.test(change));
    expect(changes).toEqual([]);
  }

  test("has the data when the start resolves, and reports the time to load it", async () => {
    const answer = (await isBefore7()) ? undefined : 42;
    expect(before).toMatchObject({ size: 61, order: "paid", list: ["c", "a", "b"], answer });
    const { seedMs, prepareMs, networkMs, containersMs, formationMs, clientsMs, totalMs } = cluster.startup;
    expect(seedMs).toBeGreaterThan(0);
    const sum = seedMs + prepareMs + networkMs + containersMs + formationMs + clientsMs;
    expect(Math.abs(totalMs - sum)).toBeLessThan(0.05 * totalMs + 5);
    await expectSeed();
  });

  test("is reset only by commands if nothing has changed", async () => {
    expect(await cluster.reset()).toMatchObject({ strategy: "cleaned", restarted: [] });
    await expectSeed();
  });

  test("returns to the seed if keys and functions were changed, added or deleted", async () => {
    const { client } = cluster;
    await client.set("order:42", "cancelled");
    await client.srem("big-set", "member-1");
    await client.persist("session");
    if (await hasFieldTtl(client)) await client.hpersist("visit", "FIELDS", 1, "page");
    await client.hset("codes", "member-1", "another");
    await client.del("list");
    await client.set("foreign", "1");
    const hasFunctions = !(await isBefore7());
    if (hasFunctions) await Promise.all(client.nodes("master").map((node) => node.function("FLUSH")));
    const changes = (await cluster.findChanges()).join("\n");
    for (const key of ["order:42", "big-set", "session", "list", "foreign"])
      expect(changes).toContain(`"${key}"`);
    if (hasFunctions) expect(changes).toContain("has other functions than the seed");
    expect(await cluster.reset()).toMatchObject({ strategy: "cleaned" });
    await expectSeed();
    expect(await cluster.client.pttl("session")).toBeGreaterThan(TTL_MS / 2);
  });

  test("returns to the seed if all data was deleted or many keys were added", async () => {
    await Promise.all(cluster.client.nodes("master").map((node) => node.flushall()));
    expect(await cluster.reset()).toMatchObject({ strategy: "cleaned" });
    await expectSeed();
    const many = Array.from({ length: 4_500 }, (_, index) => cluster.client.set(`many:${index}`, index));
    await Promise.all(many);
    expect(await cluster.reset()).toMatchObject({ strategy: "cleaned" });
    await expectSeed();
  });

  test("restores expired keys with their original time to live", async () => {
    await cluster.client.pexpire("session", 1);
    await expect.poll(() => cluster.client.get("session")).toBeNull();
    await cluster.reset();
    await expectSeed();
    expect(await cluster.client.pttl("session")).toBeGreaterThan(TTL_MS / 2);
    expect(await cluster.client.pttl("session")).toBeLessThanOrEqual(TTL_MS);
  });

  test("restores expired fields of hashes with their original time to live", async ({ skip }) => {
    const { client } = cluster;
    skip(!(await hasFieldTtl(client)), NO_FIELD_TTL);
    await client.hpexpire("visit", 1, "FIELDS", 2, "page", BINARY);
    await client.hpexpire("codes", 1, "FIELDS", MEMBERS.length, ...MEMBERS);
    await expect.poll(() => client.hgetall("visit")).toEqual({ token: "t" });
    await expect.poll(() => client.exists("codes")).toBe(0);
    // Expired fields and keys are not changes.
    expect((await cluster.findChanges()).filter((change) => /keys/.test(change))).toEqual([]);
    expect(await cluster.reset()).toMatchObject({ strategy: "cleaned" });
    await expectSeed();
    const [page = 0, token, binary = 0] = await cluster.client.hpttl(
      "visit",
      "FIELDS",
      3,
      "page",
      "token",
      BINARY,
    );
    expect(token).toBe(-1);
    expect(Math.min(page, binary)).toBeGreaterThan(TTL_MS / 2);
    expect(Math.max(page, binary)).toBeLessThanOrEqual(TTL_MS);
  });

  test("loads the seed into recreated nodes after a kill and after a failover", async () => {
    await cluster.kill("node-3");
    await cluster.killPrimary("order:42");
    expect(await cluster.reset()).toMatchObject({
      strategy: expect.stringMatching(/repaired|rebuilt/) as unknown,
    });
    await expectSeed();
    const [replica] = await cluster.replicasOf("order:42");
    await cluster.failover(String(replica));
    await cluster.client.set("order:42", "cancelled");
    expect(await cluster.reset()).toMatchObject({ strategy: "repaired" });
    await expectSeed();
  });

  test("is reset to the same data through a handle of another process", async () => {
    await using handle = await connectRedisCluster(await cluster.share());
    await handle.client.set("order:42", "cancelled");
    expect(await handle.reset()).toMatchObject({ strategy: "cleaned" });
    expect(await read(handle.client)).toEqual(before);
  });

  test("saves its data to RDB files", async () => {
    for (const node of (await cluster.primaries()).toSorted((a, b) => a.name.localeCompare(b.name))) {
      // With `yes`, a server without persistence also deletes a saved file after it has synchronized a replica.
      await node.client.config("SET", "rdb-del-sync-files", "no");
      await node.client.save();
      const [, dir] = await node.client.config("GET", "dir");
      const file = join(folder, `${node.name}.rdb`);
      await writeFile(file, await readContainerFile(node.containerId, `${dir}/dump.rdb`));
      rdb.push(file);
    }
    expect(rdb).toHaveLength(3);
  });

  test("starts another cluster from these RDB files, and resets it after a kill", async () => {
    // The reversed order distributes the files to shards that do not own their keys.
    const seed = { rdb: rdb.toReversed() };
    await using other = await startRedisCluster({
      nodes: 3,
      replicas: 0,
      seed,
      password: true,
      formation: "meet",
    });
    expect(await read(other.client)).toEqual(before);
    await other.kill("node-1");
    await other.reset();
    expect(await read(other.client)).toEqual(before);
  });
});

/** Replaces the digests in a seed that one process sends to another. */
function replaceDigests(seed: string): string {
  const { shards, ...rest } = JSON.parse(seed) as {
    readonly shards: readonly { readonly keys: readonly (readonly unknown[])[] }[];
  };
  const changedShards = shards.map(({ keys, ...shard }) => ({
    ...shard,
    keys: keys.map(([name, payload, ttlMs]) => [name, payload, ttlMs, "another"]),
  }));
  return JSON.stringify({ ...rest, shards: changedShards });
}

/** Starts a relay to the process that started the cluster. It replaces the digests of the seed that this process sends. */
async function startSeedRelay(port: number): Promise<AsyncDisposable & { readonly port: number }> {
  const server: Server = createServer((socket) => {
    const owner = connect({ host: "127.0.0.1", port });
    let answer = "";
    socket.on("data", (chunk) => owner.write(chunk));
    owner.on("data", (chunk) => {
      answer += String(chunk);
      if (!answer.endsWith("\n")) return;
      socket.write(answer.startsWith('{"restoreMs"') ? `${replaceDigests(answer)}\n` : answer);
      answer = "";
    });
    for (const [one, two] of [
      [socket, owner],
      [owner, socket],
    ] as const) {
      one.on("error", () => two.destroy()).on("close", () => two.end());
    }
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen({ host: "127.0.0.1", port: 0 }, resolve);
  await promise;
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("A TCP server has a port.");
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      await closed.promise;
    },
  };
}

test.concurrent("a seed loads append-only files, also in parts, and a reset restores their data", async () => {
  const file = join(folder, "seed.aof");
  const command = (...words: readonly string[]): string =>
    [`*${words.length}`, ...words.flatMap((word) => [`$${Buffer.byteLength(word)}`, word])].join("\r\n");
  const commands = [
    command("SELECT", "0"),
    command("SET", "order:42", "paid"),
    command("RPUSH", "list", "a", "b"),
  ];
  await writeFile(file, `${commands.join("\r\n")}\r\n`);
  const parts = join(folder, "parts");
  await mkdir(parts);
  await writeFile(join(parts, "x.aof.1.incr.aof"), `${command("SET", "order:43", "new")}\r\n`);
  await writeFile(join(parts, "x.aof.manifest"), "file x.aof.1.incr.aof seq 1 type i\n");
  // Servers before 7.0 have append-only files of one part only.
  const second = join(folder, "second.aof");
  await writeFile(second, `${command("SET", "order:43", "new")}\r\n`);
  await using cluster = await startRedisCluster({
    nodes: 2,
    replicas: 0,
    persistence: "aof",
    seed: { aof: [file, (await isBefore7()) ? second : parts] },
  });
  const data = async (): Promise<unknown> => [
    await cluster.client.get("order:42"),
    await cluster.client.get("order:43"),
    await cluster.client.lrange("list", 0, -1),
  ];
  expect(await data()).toEqual(["paid", "new", ["a", "b"]]);
  await cluster.client.set("order:42", "cancelled");
  await using _kill = await cluster.kill("node-0");
  await cluster.reset();
  expect(await data()).toEqual(["paid", "new", ["a", "b"]]);

  // A handle that receives wrong digests cannot verify its reset.
  await cluster.client.del("list");
  const shared = await cluster.share();
  await using relay = await startSeedRelay(shared.lease.port);
  const lease = { ...shared.lease, port: relay.port };
  await using handle = await connectRedisCluster({ ...shared, lease });
  const error = await handle.reset().then(
    () => undefined,
    (thrown: unknown) => thrown as RedisClusterError,
  );
  expect(error?.code).toBe("RESET_FAILED");
  expect(error?.message).toMatch(/The data differ from the seed: node-\d has \d changed keys/);
  await cluster.reset();
  expect(await data()).toEqual(["paid", "new", ["a", "b"]]);
});

test.concurrent("a seed loads a file of commands, also with TLS and without the default user", async () => {
  const hasFunctions = !(await isBefore7());
  const file = join(folder, "seed.redis");
  const lines = Array.from({ length: 300 }, (_, index) => `RPUSH list:${index % 30} ${index}`);
  await writeFile(
    file,
    [
      "# orders",
      'SET order:42 "paid\\n\\xff"',
      "",
      ...(hasFunctions ? [`FUNCTION LOAD ${JSON.stringify(LIBRARY)}`] : []),
      ...lines,
    ].join("\n"),
  );
  await using cluster = await startRedisCluster({
    ...{ nodes: 3, replicas: 0, tls: true, defaultUser: false },
    users: { app: { rules: "~* +@all" } },
    seed: { commands: file },
  });
  const data = async (): Promise<unknown> => [
    await cluster.client.getBuffer("order:42"),
    await cluster.client.lrange("list:7", 0, -1),
    ...(hasFunctions
      ? [await cluster.client.fcall("answer", 1, "list:1"), await cluster.client.fcall("answer", 1, "list:3")]
      : []),
  ];
  const values = Array.from({ length: 10 }, (_, index) => String(7 + 30 * index));
  const before = [Buffer.from([...Buffer.from("paid\n"), 0xff]), values, ...(hasFunctions ? [42, 42] : [])];
  expect(await data()).toEqual(before);
  await cluster.client.del("list:7");
  expect(await cluster.reset()).toMatchObject({ strategy: "cleaned" });
  expect(await data()).toEqual(before);
});

test.concurrent("a reset without FLUSHALL restores fields that expired since the start", async ({ skip }) => {
  const ttlMs = 8_000;
  await using cluster = await startRedisCluster({
    nodes: 2,
    replicas: 1,
    // Without these commands, the reset deletes the data key by key before it restores the seed.
    config: { "rename-command": ['FLUSHALL ""', 'FLUSHDB ""'] },
    seed: async (client: Cluster) => {
      await client.hset("visit", "page", "home", "token", "t");
      if (await hasFieldTtl(client)) await client.hpexpire("visit", ttlMs, "FIELDS", 1, "token");
    },
  });
  skip(!(await hasFieldTtl(cluster.client)), NO_FIELD_TTL);
  await expect.poll(() => cluster.client.hgetall("visit"), { timeout: 20_000 }).toEqual({ page: "home" });
  await cluster.reset();
  expect(await cluster.client.hgetall("visit")).toEqual({ page: "home", token: "t" });
  const [left = 0] = await cluster.client.hpttl("visit", "FIELDS", 1, "token");
  expect(left).toBeLessThanOrEqual(ttlMs);
});

interface FailingSeed {
  readonly reason: string;
  /** Returns the options of a start whose seed fails. */
  readonly prepare: () => Promise<RedisClusterOptions>;
  readonly code: "START_FAILED" | "START_ABORTED";
  readonly details?: Readonly<Record<string, unknown>>;
  /** Returns a part of the expected message. */
  readonly message: () => string;
}

test.concurrent.for<FailingSeed>([
  {
    reason: "a server rejects a command",
    prepare: async () => {
      const file = join(folder, "bad.redis");
      await writeFile(file, "SET a 1\n\nLPUSH a secret-1\nNOSUCH secret-2\n");
      return { seed: { commands: file } };
    },
    code: "START_FAILED",
    details: { line: 3 },
    message: () => `line 3 of ${JSON.stringify(join(folder, "bad.redis"))}: the server replied "WRONGTYPE`,
  },
  {
    reason: "its function rejects",
    prepare: async () => ({ seed: () => Promise.reject(new Error("no orders")) }),
    code: "START_FAILED",
    message: () => "the function rejected: no orders",
  },
  {
    reason: "a file is damaged",
    prepare: async () => {
      const file = join(folder, "broken.rdb");
      await writeFile(file, `REDIS0011${"x".repeat(50)}`);
      return { seed: { rdb: [file] } };
    },
    code: "START_FAILED",
    message: () => `Loading the seed file ${JSON.stringify(join(folder, "broken.rdb"))} failed`,
  },
  {
    reason: "the signal aborts while its function runs",
    prepare: async () => {
      const controller = new AbortController();
      const seed = (): Promise<never> => {
        controller.abort();
        return new Promise(() => {});
      };
      return { seed, signal: controller.signal };
    },
    code: "START_ABORTED",
    message: () => "(phase: seed)",
  },
])("a start with a seed fails if $reason", async ({ prepare, code, details, message }) => {
  const error = await failureOf({ nodes: 1, replicas: 0, ...(await prepare()) });
  expect(error).toMatchObject({ code, details: { phase: "seed", ...details } });
  expect(error.message).toContain(message());
  expect(error.message).not.toContain("secret");
});

const seeded = redisClusterTest({
  scope: "file",
  nodes: 1,
  replicas: 0,
  seed: (client: Cluster) => client.set("order:42", "paid"),
});

seeded.for(["first", "second"])("the %s test with a seeded fixture has the data", async (_, { redis }) => {
  expect([await redis.dbsize(), await redis.get("order:42")]).toEqual([1, "paid"]);
  await redis.set("order:42", "cancelled");
  await redis.set("order:43", "new");
});
