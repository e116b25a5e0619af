import {
  assertUnavailableAtMost,
  type Ledger,
  type RedisClusterNode,
  type StartedRedisCluster,
  startRedisCluster,
  type Workload,
} from "testcontainers-redis-cluster";
import { redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { expect } from "vitest";

const KEY = "order:42";

const test = redisClusterTest({ nodeTimeoutMs: 500 });
const testWithoutReplicas = redisClusterTest({ scope: "test", nodes: 3, replicas: 0 });

/** Returns everything in a ledger that must not be in the ledger of an undisturbed workload. */
function findings({ lost, duplicated, stale, unacknowledgedPresent }: Ledger): readonly unknown[] {
  const strange = unacknowledgedPresent.filter(({ outcome }) => outcome !== "unknown");
  return [...lost, ...duplicated, ...stale, ...strange];
}

/** Waits until a workload has the given number of further acknowledged writes. */
async function waitForWrites(workload: Workload, count: number): Promise<void> {
  const goal = workload.progress.acknowledged + count;
  await expect
    .poll(() => workload.progress.acknowledged, { timeout: 20_000, interval: 10 })
    .toBeGreaterThan(goal);
}

/** Starts a workload, and waits until it has more than a hundred acknowledged writes. */
async function startBusyWorkload(cluster: StartedRedisCluster): Promise<Workload> {
  const workload = await cluster.startWorkload({ writers: 2, commandTimeoutMs: 100 });
  await expect.poll(() => workload.progress.acknowledged, { timeout: 10_000 }).toBeGreaterThan(100);
  return workload;
}

/** A key on a primary. */
interface FoundKey {
  readonly key: string;
  readonly node: RedisClusterNode;
}

/** Returns the keys on the primaries that contain a text and have a type. */
async function findKeys(
  cluster: StartedRedisCluster,
  text: string,
  type: string,
): Promise<readonly FoundKey[]> {
  const primaries = await cluster.primaries();
  const found = primaries.map(async (node) => {
    const keys = await node.client.keys(`*${text}*`);
    const types = await Promise.all(keys.map((key) => node.client.type(key)));
    return keys.filter((_, index) => types[index] === type).map((key) => ({ key, node }));
  });
  return (await Promise.all(found)).flat();
}

/** Returns the key with the greatest size. */
async function findGreatest(
  found: readonly FoundKey[],
  sizeOf: (key: FoundKey) => Promise<number>,
): Promise<FoundKey | undefined> {
  const sizes = await Promise.all(found.map(sizeOf));
  return found[sizes.indexOf(Math.max(...sizes))];
}

test("a ledger has no findings if nothing disturbs the cluster", async ({ cluster }) => {
  const workload = await cluster.startWorkload({ writers: 8, reads: true });
  await waitForWrites(workload, 5_000);
  const ledger = await workload.stop();
  expect(findings(ledger)).toEqual([]);
  expect(ledger).toMatchObject({ failed: 0, unknown: 0, errors: {} });
  expect(ledger.acknowledged).toBe(ledger.attempts);
  expect(ledger.reads).toBeGreaterThan(100);
  expect(ledger.shards.map(({ acknowledged }) => acknowledged > 0)).toEqual([true, true, true]);
  expect(ledger.shards.map(({ unavailableAtEndMs }) => unavailableAtEndMs)).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(await workload.stop()).toBe(ledger);
});

test("a ledger has every write that was deleted, reverted or duplicated", async ({ cluster }) => {
  const workload = await cluster.startWorkload({ writers: 4, keyPrefix: "tampered" });
  await waitForWrites(workload, 3_000);
  const counters = (await findKeys(cluster, "tampered", "string")).filter(({ key }) =>
    key.includes(":counter:"),
  );
  // A key that a writer has just started to use may have too few values.
  const counter = await findGreatest(counters, async ({ key, node }) => Number(await node.client.get(key)));
  const list = await findGreatest(await findKeys(cluster, "tampered", "list"), ({ key, node }) =>
    node.client.llen(key),
  );
  const set = await findGreatest(await findKeys(cluster, "tampered", "set"), ({ key, node }) =>
    node.client.scard(key),
  );
  // The writers continue, but only at the ends of the lists. The first elements do not change any more.
  const first = (await list?.node.client.lindex(list.key, 0)) ?? "";
  const twice = (await list?.node.client.lindex(list.key, 1)) ?? "";
  await list?.node.client.lrem(list.key, 1, first);
  await list?.node.client.rpush(list.key, twice);
  const [member = ""] = (await set?.node.client.smembers(set.key)) ?? [];
  await set?.node.client.srem(set.key, member);
  // Two acknowledged increments are lost, however many the writer adds.
  await counter?.node.client.decrby(counter.key, 2);
  const ledger = await workload.stop();
  const token = (text: string) => text.split(".")[0] ?? "";
  expect(ledger.lost.map(({ kind, value }) => [kind, value])).toEqual(
    expect.arrayContaining([
      ["append", token(first)],
      ["member", token(member)],
    ]),
  );
  expect(ledger.lost.map(({ kind }) => kind).toSorted()).toEqual(["append", "counter", "counter", "member"]);
  expect(ledger.lost.filter(({ kind }) => kind === "counter").map(({ key }) => key)).toEqual([
    counter?.key,
    counter?.key,
  ]);
  expect(ledger.duplicated).toEqual([
    expect.objectContaining({ kind: "append", value: token(twice), surplus: 1 }),
  ]);
});

test("a ledger has the time without writes after a kill, and with WAIT no lost write", async ({
  cluster,
}) => {
  const shard = (await cluster.primaryOf(KEY)).plannedShard;
  const workload = await cluster.startWorkload({ writers: 8, wait: 1 });
  await waitForWrites(workload, 500);
  const failover = await cluster.observeFailover(() => cluster.killPrimary(KEY), { withinMs: 15_000 });
  // Until the killed node is back, the promoted node has no replica that could confirm a write.
  await cluster.heal();
  const healedAt = Date.now();
  const acknowledgedAt = await workload.waitForAcknowledged(shard, healedAt);
  expect(acknowledgedAt).toBeGreaterThan(healedAt - 1);
  expect(workload.firstAcknowledgedAfter(shard, healedAt)).toBe(acknowledgedAt);
  // `since` is a time of the same clock. The old primary may have acknowledged the first write after it.
  expect(workload.firstAcknowledgedAfter(shard, failover.since)).toBeGreaterThan(failover.since - 1);
  expect(() => workload.firstAcknowledgedAfter(shard, Number.NaN)).toThrow(/milliseconds/);
  await waitForWrites(workload, 200);
  // The killed node has another port now. Its acknowledgements are still attributed to it.
  await cluster.failover(failover.failed.name);
  const failedBackAt = Date.now();
  const byOldPrimary = await workload.waitForAcknowledged(shard, failedBackAt, { by: failover.failed.name });
  expect(await workload.waitForAcknowledged(shard, failedBackAt)).toBe(byOldPrimary);
  const ledger = await workload.stop();
  expect(ledger.lost).toEqual([]);
  const window = ledger.shards[shard];
  expect(Object.keys(window?.acknowledgedBy ?? {})).toEqual(
    expect.arrayContaining([failover.failed.name, failover.promoted.name]),
  );
  expect(window?.unavailableMs).toBeGreaterThan(900);
  expect(window?.unavailableMs).toBeGreaterThanOrEqual((failover.phases.electedMs ?? 0) - 300);
  for (const other of ledger.shards.filter((entry) => entry.shard !== shard))
    expect(other.acknowledged).toBeGreaterThan(0);
  expect(Object.keys(ledger.errors).length).toBeGreaterThan(0);
  expect(ledger.latency.before.count).toBeGreaterThan(0);
  expect(ledger.latency.after.count).toBeGreaterThan(0);
});

test("a paused primary, whose connections stay open, causes no findings", async ({ cluster }) => {
  const shard = (await cluster.primaryOf(KEY)).plannedShard;
  await using workload = await cluster.startWorkload({ writers: 4 });
  await waitForWrites(workload, 100);
  await cluster.observeFailover(() => cluster.pause({ primaryOf: KEY }), { withinMs: 15_000 });
  // The timeout of the commands that were sent to the paused node is 1 s. The rest is for a slow machine.
  await workload.waitForAcknowledged(shard, Date.now(), { timeoutMs: 3_000 });
  expect(findings(await workload.stop())).toEqual([]);
});

test("a ledger has each write that is lost with a primary while replication is frozen", async ({
  cluster,
}) => {
  const primary = await cluster.primaryOf(KEY);
  const frozen = await cluster.freezeReplication({ replicaOf: KEY });
  const workload = await cluster.startWorkload({ writers: 4, kinds: ["set"] });
  await waitForWrites(workload, 300);
  await cluster.kill(primary);
  await expect
    .poll(async () => (await cluster.primaryOf(KEY)).name, { timeout: 15_000 })
    .not.toBe(primary.name);
  await frozen.heal();
  const ledger = await workload.stop();
  expect(ledger.lost.length).toBeGreaterThan(10);
  for (const write of ledger.lost) {
    expect(write).toMatchObject({ kind: "set", shard: primary.plannedShard });
    expect(write.acknowledgedAt).toBeGreaterThanOrEqual(write.sentAt);
    expect(await cluster.client.exists(write.key)).toBe(0);
  }
});

test("with WAIT no write is lost, even if replication is frozen during a kill", async ({ cluster }) => {
  const primary = await cluster.primaryOf(KEY);
  const frozen = await cluster.freezeReplication({ replicaOf: KEY });
  const workload = await cluster.startWorkload({ writers: 4, wait: 1, waitTimeoutMs: 100 });
  await waitForWrites(workload, 200);
  await cluster.kill(primary);
  await cluster.primaryOf(KEY, { timeoutMs: 15_000 });
  await frozen.heal();
  const ledger = await workload.stop();
  expect(ledger.lost).toEqual([]);
  expect(ledger.unknown).toBeGreaterThan(0);
});

test("in a split brain, each write is attributed to the node that acknowledged it", async ({ cluster }) => {
  const primary = await cluster.primaryOf(KEY);
  const [replica] = await cluster.replicasOf(KEY);
  const shard = primary.plannedShard;
  const workload = await cluster.startWorkload({ writers: 8, kinds: ["set"], commandTimeoutMs: 300 });
  // The replica lacks the writes that follow. Otherwise it might have all of them when it takes over.
  await using _frozen = await cluster.freezeReplication(replica ?? "");
  await waitForWrites(workload, 300);
  // The primary is cut off from the other nodes, but not from its clients. It learns about the promotion only after heal().
  const cut = await cluster.isolate(primary, { plane: "bus" });
  await cluster.failover(replica ?? "", { mode: "takeover" });
  const promotedAt = Date.now();
  const acknowledgedAt = await workload.waitForAcknowledged(shard, promotedAt);
  expect(acknowledgedAt).toBe(workload.firstAcknowledgedAfter(shard, promotedAt, { by: replica }));
  const byOld = workload.firstAcknowledgedAfter(shard, promotedAt, { by: primary });
  expect(workload.firstAcknowledgedAfter(shard, promotedAt)).toBe(
    Math.min(acknowledgedAt, byOld ?? acknowledgedAt),
  );
  await expect(workload.waitForAcknowledged(shard, promotedAt, { by: "node-77" })).rejects.toMatchObject({
    code: "UNKNOWN_NODE",
  });
  // A node of another cluster may have the same name.
  expect(() => workload.firstAcknowledgedAfter(shard, promotedAt, { by: { name: primary.name } })).toThrow(
    /expected a node of this cluster/,
  );
  await cut.heal();
  const ledger = await workload.stop();
  expect(ledger.lost.length).toBeGreaterThan(0);
  expect(new Set(ledger.lost.map(({ acknowledgedBy }) => acknowledgedBy))).toEqual(new Set([primary.name]));
  expect(ledger.lost.map((write) => write.acknowledgedAt)).not.toContain(acknowledgedAt);
  const { acknowledged, acknowledgedBy } = ledger.shards[shard] ?? { acknowledged: 0, acknowledgedBy: {} };
  expect(Object.keys(acknowledgedBy).toSorted()).toEqual([primary.name, replica?.name ?? ""].toSorted());
  expect(Object.values(acknowledgedBy).reduce((sum, count) => sum + count, 0)).toBe(acknowledged);
});

test("a ledger has the writes that an isolated primary acknowledged and lost", async ({ cluster }) => {
  const primary = await cluster.primaryOf(KEY);
  const workload = await cluster.startWorkload({ writers: 8, kinds: ["set", "append"] });
  await waitForWrites(workload, 500);
  const cut = await cluster.isolate(primary);
  await expect
    .poll(async () => (await cluster.primaryOf(KEY)).name, { timeout: 15_000 })
    .not.toBe(primary.name);
  await cut.heal();
  const ledger = await workload.stop();
  expect(ledger.lost.length).toBeGreaterThan(0);
  expect(new Set(ledger.lost.map(({ shard }) => shard))).toEqual(new Set([primary.plannedShard]));
});

test("a workload uses the given rate, value size and client options", async ({ cluster }) => {
  const startedAt = performance.now();
  const workload = await cluster.startWorkload({
    writers: 4,
    ratePerSecond: 200,
    valueBytes: 1_000,
    kinds: ["set"],
    keyPrefix: "paced",
    client: { enableAutoPipelining: true, redisOptions: { connectionName: "the-service" } },
  });
  await waitForWrites(workload, 100);
  const tookMs = performance.now() - startedAt;
  const [found] = await findKeys(cluster, "paced", "string");
  expect(await found?.node.client.strlen(found.key)).toBe(1_000);
  expect(await found?.node.client.client("LIST")).toContain("name=the-service");
  const ledger = await workload.stop();
  expect(findings(ledger)).toEqual([]);
  // The node that answered is known, also for commands that were sent in one pipeline with others.
  const primaries = new Map(
    (await cluster.primaries()).map(({ name, plannedShard }) => [plannedShard, name]),
  );
  for (const { shard, acknowledgedBy } of ledger.shards)
    expect(Object.keys(acknowledgedBy)).toEqual([primaries.get(shard)]);
  // The tolerance is for an initial burst.
  expect(ledger.attempts).toBeLessThan(200 * (tookMs / 1_000) + 200);
});

test("a workload reads only from primaries, also if its clients prefer replicas", async ({ cluster }) => {
  await using _frozen = await cluster.freezeReplication({ replicaOf: KEY });
  const workload = await cluster.startWorkload({
    writers: 4,
    reads: true,
    client: { scaleReads: "slave" },
  });
  await waitForWrites(workload, 500);
  const ledger = await workload.stop();
  expect(ledger.reads).toBeGreaterThan(0);
  expect(findings(ledger)).toEqual([]);
});

test("a ledger counts the redirects that the clients followed without a failed write", async ({
  cluster,
}) => {
  const [replica] = await cluster.replicasOf(KEY);
  const workload = await cluster.startWorkload({ writers: 4 });
  await waitForWrites(workload, 300);
  await cluster.failover(replica ?? "");
  await waitForWrites(workload, 300);
  const ledger = await workload.stop();
  expect(findings(ledger)).toEqual([]);
  expect(ledger.redirects["MOVED"]).toBeGreaterThan(0);
});

test("a hundred workloads have no findings if nothing disturbs the cluster", async ({ cluster }) => {
  for (let seed = 1; seed <= 100; seed += 1) {
    const workload = await cluster.startWorkload({ writers: 2, keys: 8, seed });
    await waitForWrites(workload, 50);
    const ledger = await workload.stop();
    expect([seed, findings(ledger), ledger.unknown]).toEqual([seed, [], 0]);
  }
}, 120_000);

test("a workload ignores keys of other workloads and users with the same prefix", async ({ cluster }) => {
  const options = {
    writers: 2,
    keys: 8,
    keyPrefix: "orders",
    seed: 7,
    kinds: ["set", "counter", "append"],
  } as const;
  const first = await cluster.startWorkload(options);
  await waitForWrites(first, 200);
  expect(findings(await first.stop())).toEqual([]);
  // A user may have a key with the same prefix, whose name looks like a key of an earlier workload.
  const [counter] = await findKeys(cluster, "orders", "string");
  await cluster.client.lpush(counter?.key.replace(first.keyPrefix, "orders:") ?? "", "not a counter");
  const [second, third] = await Promise.all([cluster.startWorkload(options), cluster.startWorkload(options)]);
  await Promise.all([waitForWrites(second, 200), waitForWrites(third, 200)]);
  // The keys of the first workload contain the same writers and sequence numbers. They must not replace deleted values.
  const own = (await findKeys(cluster, second.keyPrefix, "string")).filter(({ key }) =>
    key.includes(":set:"),
  );
  const deleted = own.slice(0, 5);
  await Promise.all(deleted.map(({ key, node }) => node.client.del(key)));
  const [ledger, clean] = await Promise.all([second.stop(), third.stop()]);
  expect(ledger.lost.map(({ key }) => key).toSorted()).toEqual(deleted.map(({ key }) => key).toSorted());
  expect([ledger.duplicated, ledger.stale]).toEqual([[], []]);
  expect(findings(clean)).toEqual([]);
  expect(ledger.keyPrefix).toMatch(/^orders:[0-9a-f]{12}:$/);
  expect(new Set([first, second, third].map(({ keyPrefix }) => keyPrefix)).size).toBe(3);
});

test("a ledger has the names of keys on the server, with the prefix of the clients", async ({ cluster }) => {
  const workload = await cluster.startWorkload({
    ...{ writers: 2, keys: 8, wait: 1, kinds: ["counter", "member"] },
    client: { keyPrefix: "app:", redisOptions: { stringNumbers: true } },
  });
  await waitForWrites(workload, 50);
  const ledger = await workload.stop();
  expect(findings(ledger)).toEqual([]);
  expect(ledger.keyPrefix).toMatch(/^app:workload:/);
  expect((await findKeys(cluster, ledger.keyPrefix, "string")).length).toBeGreaterThan(0);
});

test("keys of a slot that is being migrated, on two nodes, cause no findings", async ({ cluster }) => {
  const workload = await cluster.startWorkload({ writers: 2, keys: 6, kinds: ["set"] });
  await waitForWrites(workload, 200);
  const [found] = await findKeys(cluster, workload.keyPrefix, "string");
  if (found === undefined) throw new Error("The workload has no key.");
  const { node: source, key } = found;
  const target = (await cluster.primaries()).find((node) => node !== source) ?? source;
  const slot = await source.client.cluster("KEYSLOT", key);
  await target.client.cluster("SETSLOT", slot, "IMPORTING", source.id);
  await source.client.cluster("SETSLOT", slot, "MIGRATING", target.id);
  const { host, port } = target.networkAddress;
  await source.client.call("MIGRATE", host, String(port), key, "0", "2000");
  const ledger = await workload.stop();
  expect(findings(ledger)).toEqual([]);
  await source.client.cluster("SETSLOT", slot, "STABLE");
  await target.client.cluster("SETSLOT", slot, "STABLE");
});

test("a ledger has the key whose value was replaced by one of another type", async ({ cluster }) => {
  const workload = await cluster.startWorkload({ writers: 2, keys: 8, kinds: ["append"] });
  await waitForWrites(workload, 100);
  const [list] = await findKeys(cluster, workload.keyPrefix, "list");
  const tokens = (await list?.node.client.lrange(list.key, 0, -1)) ?? [];
  await list?.node.client.set(list.key, "mine");
  await expect.poll(() => workload.progress.failed, { timeout: 10_000, interval: 5 }).toBeGreaterThan(0);
  const ledger = await workload.stop();
  expect(ledger.lost.length).toBeGreaterThanOrEqual(tokens.length);
  expect(new Set(ledger.lost.map(({ key }) => key))).toEqual(new Set([list?.key]));
  expect(ledger.unacknowledgedPresent).toEqual([
    expect.objectContaining({ key: list?.key, value: "a value of another type", outcome: "never-sent" }),
  ]);
  expect(ledger.errors["WRONGTYPE"]).toBeGreaterThan(0);
});

test("a ledger has the clients that gave up, and counts the time after that", async ({ cluster }) => {
  let hasClientEnded = false;
  const workload = await cluster.startWorkload({
    writers: 2,
    commandTimeoutMs: 200,
    client: {
      clusterRetryStrategy: () => {
        hasClientEnded = true;
        return null;
      },
    },
  });
  await waitForWrites(workload, 100);
  await expect
    .poll(
      async () => {
        // Each node closes all connections except the one of this command, as if the cluster had been away for a moment.
        await Promise.all(cluster.nodes.map((node) => node.client.call("CLIENT", "KILL", "TYPE", "normal")));
        return hasClientEnded;
      },
      { timeout: 10_000, interval: 1 },
    )
    .toBe(true);
  const endedAt = Date.now();
  await cluster.waitUntilHealthy();
  const ledger = await workload.stop();
  expect(ledger.endedClients).toMatchObject([{ writers: 2 }]);
  const [client] = ledger.endedClients;
  expect(client?.endedAt).toBeLessThan(endedAt + 1_000);
  const minMs = ledger.stoppedAt - (client?.endedAt ?? 0);
  for (const shard of ledger.shards) expect(shard.unavailableAtEndMs).toBeGreaterThanOrEqual(minMs - 1);
  expect(() => assertUnavailableAtMost(ledger, 3_600_000)).toThrow(/had accepted no writes for/);
});

test("reset() ends only the workloads that may still return a ledger", async ({ cluster }) => {
  const ended: string[] = [];
  const start = async (name: string): Promise<Workload> => {
    const workload = await cluster.startWorkload({ writers: 1, keys: 3 });
    const end = workload[Symbol.asyncDispose].bind(workload);
    workload[Symbol.asyncDispose] = async () => {
      ended.push(name);
      await end();
    };
    return workload;
  };
  await start("running");
  const withLedger = await start("with ledger");
  const disposed = await start("disposed");
  const withLateLedger = await start("with late ledger");
  const withoutLedger = await start("without ledger");
  await waitForWrites(withLedger, 10);
  await withLedger.stop();
  await disposed[Symbol.asyncDispose]();
  // After a stop() that failed, another stop() can still return the ledger.
  for (const workload of [withLateLedger, withoutLedger]) {
    await expect(workload.stop({ signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "WAIT_ABORTED",
    });
  }
  await withLateLedger.stop();
  expect(ended).toEqual(["disposed"]);
  await cluster.reset();
  expect(ended).toEqual(["disposed", "running", "without ledger"]);
});

test("reset() ends a workload without a ledger", async ({ cluster }) => {
  const workload = await startBusyWorkload(cluster);
  await cluster.reset();
  expect(workload.stopped).toBe(true);
  // The reset has deleted all acknowledged writes. They must not count as lost.
  await expect(workload.stop()).rejects.toMatchObject({
    code: "WAIT_ABORTED",
    message: expect.stringMatching(/ended without a ledger.*reset\(\)/),
  });
  expect(cluster.history.ledgers).toEqual([]);
});

testWithoutReplicas("stop() times out with the reason if a slot cannot be read", async ({ cluster }) => {
  const workload = await startBusyWorkload(cluster);
  await cluster.kill("node-0");
  await expect(workload.stop({ timeoutMs: 2_000 })).rejects.toMatchObject({
    code: "WAIT_TIMEOUT",
    message: expect.stringMatching(
      /not done after 2000 ms\. Still: no node that answers owns the slots 0-5460/,
    ),
  });
});

test("stop() of the cluster ends a workload without a ledger", async () => {
  await using cluster = await startRedisCluster({ nodes: 3, replicas: 0 });
  const workload = await startBusyWorkload(cluster);
  // Without this node, stop() of the workload cannot read all slots.
  await cluster.kill("node-0");
  const stopping = workload.stop().catch((error: unknown) => error);
  await cluster.stop();
  expect(await stopping).toMatchObject({ code: "WAIT_ABORTED" });
  const { attempts } = workload.progress;
  await expect(workload.stop()).rejects.toMatchObject({ code: "WAIT_ABORTED" });
  expect(workload.progress.attempts).toBe(attempts);
  await expect(cluster.startWorkload()).rejects.toMatchObject({ code: "CLUSTER_STOPPED" });
});
