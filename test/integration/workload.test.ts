import {
  assertUnavailableAtMost,
  type Ledger,
  type StartedRedisCluster,
  startRedisCluster,
} from "testcontainers-redis-cluster";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";

const KEY = "order:42";

/** Everything in a ledger that must not be in a clean one. */
function findings({ lost, duplicated, stale, unacknowledgedPresent }: Ledger): readonly unknown[] {
  const strange = unacknowledgedPresent.filter(({ outcome }) => outcome !== "unknown");
  return [...lost, ...duplicated, ...stale, ...strange];
}

describe("a workload and its ledger", () => {
  let cluster: StartedRedisCluster;
  beforeAll(async () => {
    cluster = await startRedisCluster({ nodeTimeoutMs: 500 });
  });
  afterEach(async () => {
    await cluster.heal();
    await cluster.waitUntilHealthy({ timeoutMs: 30_000 });
    await Promise.all((await cluster.primaries()).map((node) => node.client.flushall()));
  });
  afterAll(async () => {
    await cluster.stop();
  });

  /** Lets the writers have so many more acknowledged writes. */
  async function more(workload: Awaited<ReturnType<StartedRedisCluster["startWorkload"]>>, writes: number) {
    const goal = workload.progress.acknowledged + writes;
    await expect
      .poll(() => workload.progress.acknowledged, { timeout: 20_000, interval: 10 })
      .toBeGreaterThan(goal);
  }

  /** Keys of the workload on the primaries, with the node that has each. */
  async function keysOf(prefix: string, type: string) {
    const primaries = await cluster.primaries();
    const found = primaries.map(async (node) => {
      const keys = await node.client.keys(`*${prefix}*`);
      const types = await Promise.all(keys.map((key) => node.client.type(key)));
      return keys.filter((_, index) => types[index] === type).map((key) => ({ key, node }));
    });
    return (await Promise.all(found)).flat();
  }

  type Found = Awaited<ReturnType<typeof keysOf>>[number];

  async function greatest(found: readonly Found[], sizeOf: (each: Found) => Promise<number>) {
    const sizes = await Promise.all(found.map(sizeOf));
    return found[sizes.indexOf(Math.max(...sizes))];
  }

  test("that nothing disturbs has nothing to tell", async () => {
    const workload = await cluster.startWorkload({ writers: 8, reads: true });
    await more(workload, 5_000);
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

  test("tells what was deleted, rolled back and duplicated behind its back, every one of it", async () => {
    const workload = await cluster.startWorkload({ writers: 4, keyPrefix: "tampered" });
    await more(workload, 3_000);
    const counters = (await keysOf("tampered", "string")).filter(({ key }) => key.includes(":counter:"));
    // A key that a writer has just begun has too little in it to be tampered with.
    const counter = await greatest(counters, async ({ key, node }) => Number(await node.client.get(key)));
    const list = await greatest(await keysOf("tampered", "list"), ({ key, node }) => node.client.llen(key));
    const set = await greatest(await keysOf("tampered", "set"), ({ key, node }) => node.client.scard(key));
    // The writers go on writing to other keys and to the ends of these; the beginnings are settled.
    const first = (await list?.node.client.lindex(list.key, 0)) ?? "";
    const twice = (await list?.node.client.lindex(list.key, 1)) ?? "";
    await list?.node.client.lrem(list.key, 1, first);
    await list?.node.client.rpush(list.key, twice);
    const [member = ""] = (await set?.node.client.smembers(set.key)) ?? [];
    await set?.node.client.srem(set.key, member);
    // Whatever its writer goes on to add, two increments that it was told of are gone.
    await counter?.node.client.decrby(counter.key, 2);
    const ledger = await workload.stop();
    const token = (text: string) => text.split(".")[0] ?? "";
    expect(ledger.lost.map(({ kind, value }) => [kind, value])).toEqual(
      expect.arrayContaining([
        ["append", token(first)],
        ["member", token(member)],
      ]),
    );
    expect(ledger.lost.map(({ kind }) => kind).toSorted()).toEqual([
      "append",
      "counter",
      "counter",
      "member",
    ]);
    expect(ledger.lost.filter(({ kind }) => kind === "counter").map(({ key }) => key)).toEqual([
      counter?.key,
      counter?.key,
    ]);
    expect(ledger.duplicated).toEqual([
      expect.objectContaining({ kind: "append", value: token(twice), surplus: 1 }),
    ]);
  });

  test("tells for how long a shard took no writes when its primary is killed, and loses nothing with WAIT", async () => {
    const shard = (await cluster.primaryOf(KEY)).plannedShard;
    const workload = await cluster.startWorkload({ writers: 8, wait: 1 });
    await more(workload, 500);
    const failover = await cluster.observeFailover(() => cluster.killMaster(KEY), { withinMs: 15_000 });
    // The promoted node has no replica to confirm anything until the dead one is back.
    await cluster.heal();
    const back = Date.now();
    const acknowledgedAt = await workload.waitForAcknowledged(shard, back);
    expect(acknowledgedAt).toBeGreaterThan(back - 1);
    expect(workload.firstAcknowledgedAfter(shard, back)).toBe(acknowledgedAt);
    // The fault's own moment is of the same clock; the first write after it may still be the old primary's.
    expect(workload.firstAcknowledgedAfter(shard, failover.since)).toBeGreaterThan(failover.since - 1);
    expect(() => workload.firstAcknowledgedAfter(shard, Number.NaN)).toThrow(/milliseconds/);
    await more(workload, 200);
    // The node that was dead has another port now; what it acknowledges is still known to be its own.
    await cluster.failover(failover.failed.name);
    const returned = Date.now();
    const byIt = await workload.waitForAcknowledged(shard, returned, { by: failover.failed.name });
    expect(await workload.waitForAcknowledged(shard, returned)).toBe(byIt);
    const ledger = await workload.stop();
    expect(ledger.lost).toEqual([]);
    const window = ledger.shards[shard];
    expect(Object.keys(window?.acknowledgedBy ?? {})).toEqual(
      expect.arrayContaining([failover.failed.name, failover.promoted.name]),
    );
    expect(window?.unavailableMs).toBeGreaterThan(900);
    expect(window?.unavailableMs).toBeGreaterThanOrEqual((failover.phases.electedMs ?? 0) - 300);
    for (const other of ledger.shards.filter((each) => each.shard !== shard))
      expect(other.acknowledged).toBeGreaterThan(0);
    expect(Object.keys(ledger.errors).length).toBeGreaterThan(0);
    expect(ledger.latency.before.count).toBeGreaterThan(0);
    expect(ledger.latency.after.count).toBeGreaterThan(0);
  });

  test("writes to the node that replaced a frozen primary, which lets no connection go", async () => {
    const shard = (await cluster.primaryOf(KEY)).plannedShard;
    await using workload = await cluster.startWorkload({ writers: 4 });
    await more(workload, 100);
    await cluster.observeFailover(() => cluster.pause({ primaryOf: KEY }), { withinMs: 15_000 });
    // No longer than the commands that are under way to the frozen node may take, and some more for a slow machine.
    await workload.waitForAcknowledged(shard, Date.now(), { timeoutMs: 3_000 });
    expect(findings(await workload.stop())).toEqual([]);
  });

  test("names each acknowledged write that dies with its primary while replication is frozen", async () => {
    const primary = await cluster.primaryOf(KEY);
    const frozen = await cluster.freezeReplication({ replicaOf: KEY });
    const workload = await cluster.startWorkload({ writers: 4, kinds: ["set"] });
    await more(workload, 300);
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

  test("with WAIT and replication frozen acknowledges nothing on that shard that it then loses", async () => {
    const primary = await cluster.primaryOf(KEY);
    const frozen = await cluster.freezeReplication({ replicaOf: KEY });
    const workload = await cluster.startWorkload({ writers: 4, wait: 1, waitTimeoutMs: 100 });
    await more(workload, 200);
    await cluster.kill(primary);
    await cluster.primaryOf(KEY, { timeoutMs: 15_000 });
    await frozen.heal();
    const ledger = await workload.stop();
    expect(ledger.lost).toEqual([]);
    expect(ledger.unknown).toBeGreaterThan(0);
  });

  test("counts only what the promoted node acknowledges while the old primary goes on acknowledging", async () => {
    const primary = await cluster.primaryOf(KEY);
    const [replica] = await cluster.replicasOf(KEY);
    const shard = primary.plannedShard;
    const workload = await cluster.startWorkload({ writers: 8, kinds: ["set"], commandTimeoutMs: 300 });
    await more(workload, 300);
    // Cut off from the other nodes, not from its clients: it learns of its successor only when it is healed.
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
    // A node of another cluster has the same name.
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

  test("names what a cut-off primary took in before it noticed: split brain", async () => {
    const primary = await cluster.primaryOf(KEY);
    const workload = await cluster.startWorkload({ writers: 8, kinds: ["set", "append"] });
    await more(workload, 500);
    const cut = await cluster.isolate(primary);
    await expect
      .poll(async () => (await cluster.primaryOf(KEY)).name, { timeout: 15_000 })
      .not.toBe(primary.name);
    await cut.heal();
    const ledger = await workload.stop();
    expect(ledger.lost.length).toBeGreaterThan(0);
    expect(new Set(ledger.lost.map(({ shard }) => shard))).toEqual(new Set([primary.plannedShard]));
  });

  test("runs at the wanted rate, with the wanted values, on clients with the user's own options", async () => {
    const begun = performance.now();
    const workload = await cluster.startWorkload({
      writers: 4,
      ratePerSecond: 200,
      valueBytes: 1_000,
      kinds: ["set"],
      keyPrefix: "paced",
      client: { enableAutoPipelining: true, redisOptions: { connectionName: "the-service" } },
    });
    await more(workload, 100);
    const tookMs = performance.now() - begun;
    const [some] = await keysOf("paced", "string");
    expect(await some?.node.client.strlen(some.key)).toBe(1_000);
    expect(await some?.node.client.client("LIST")).toContain("name=the-service");
    const ledger = await workload.stop();
    expect(findings(ledger)).toEqual([]);
    // Also commands that leave in one pipeline with others are known by the node that answered them.
    const primaries = new Map(
      (await cluster.primaries()).map(({ name, plannedShard }) => [plannedShard, name]),
    );
    for (const { shard, acknowledgedBy } of ledger.shards)
      expect(Object.keys(acknowledgedBy)).toEqual([primaries.get(shard)]);
    // A burst may come first; more than that would be no rate.
    expect(ledger.attempts).toBeLessThan(200 * (tookMs / 1_000) + 200);
  });

  test("reads from the primaries, during the run and at its end, whatever its clients would prefer", async () => {
    await using _frozen = await cluster.freezeReplication({ replicaOf: KEY });
    const workload = await cluster.startWorkload({
      writers: 4,
      reads: true,
      client: { scaleReads: "slave" },
    });
    await more(workload, 500);
    const ledger = await workload.stop();
    expect(ledger.reads).toBeGreaterThan(0);
    expect(findings(ledger)).toEqual([]);
  });

  test("counts the redirects that its clients followed, though every write went well", async () => {
    const [replica] = await cluster.replicasOf(KEY);
    const workload = await cluster.startWorkload({ writers: 4 });
    await more(workload, 300);
    await cluster.failover(replica ?? "");
    await more(workload, 300);
    const ledger = await workload.stop();
    expect(findings(ledger)).toEqual([]);
    expect(ledger.redirects["MOVED"]).toBeGreaterThan(0);
  });

  test("a hundred clean runs report nothing", async () => {
    for (let seed = 1; seed <= 100; seed += 1) {
      const workload = await cluster.startWorkload({ writers: 2, keys: 8, seed });
      await more(workload, 50);
      const ledger = await workload.stop();
      expect([seed, findings(ledger), ledger.unknown]).toEqual([seed, [], 0]);
    }
  }, 120_000);

  test("shares no key with another workload of the same prefix and seed, nor with the user's own keys", async () => {
    const options = {
      writers: 2,
      keys: 8,
      keyPrefix: "orders",
      seed: 7,
      kinds: ["set", "counter", "append"],
    } as const;
    const first = await cluster.startWorkload(options);
    await more(first, 200);
    expect(findings(await first.stop())).toEqual([]);
    // What a user may have under the same prefix, with a name of an earlier run's form.
    const [counter] = await keysOf("orders", "string");
    await cluster.client.lpush(counter?.key.replace(first.keyPrefix, "orders:") ?? "", "not a counter");
    const [second, third] = await Promise.all([
      cluster.startWorkload(options),
      cluster.startWorkload(options),
    ]);
    await Promise.all([more(second, 200), more(third, 200)]);
    // The first one's keys have the same writers and sequences as these; they hide nothing.
    const own = (await keysOf(second.keyPrefix, "string")).filter(({ key }) => key.includes(":set:"));
    const gone = own.slice(0, 5);
    await Promise.all(gone.map(({ key, node }) => node.client.del(key)));
    const [ledger, clean] = await Promise.all([second.stop(), third.stop()]);
    expect(ledger.lost.map(({ key }) => key).toSorted()).toEqual(gone.map(({ key }) => key).toSorted());
    expect([ledger.duplicated, ledger.stale]).toEqual([[], []]);
    expect(findings(clean)).toEqual([]);
    expect(ledger.keyPrefix).toMatch(/^orders:[0-9a-f]{12}:$/);
    expect(new Set([first, second, third].map(({ keyPrefix }) => keyPrefix)).size).toBe(3);
  });

  test("names keys as the server has them, whatever its clients put in front and make of numbers", async () => {
    const workload = await cluster.startWorkload({
      ...{ writers: 2, keys: 8, wait: 1, kinds: ["counter", "member"] },
      client: { keyPrefix: "app:", redisOptions: { stringNumbers: true } },
    });
    await more(workload, 50);
    const ledger = await workload.stop();
    expect(findings(ledger)).toEqual([]);
    expect(ledger.keyPrefix).toMatch(/^app:workload:/);
    expect((await keysOf(ledger.keyPrefix, "string")).length).toBeGreaterThan(0);
    await expect(cluster.startWorkload({ client: { keyPrefix: "{app}:" } })).rejects.toThrow(
      /client\.keyPrefix/,
    );
  });

  test("reads back keys of a slot that is being migrated, and is on two nodes", async () => {
    const workload = await cluster.startWorkload({ writers: 2, keys: 6, kinds: ["set"] });
    await more(workload, 200);
    const [some] = await keysOf(workload.keyPrefix, "string");
    if (some === undefined) throw new Error("there is no key");
    const { node: source, key } = some;
    const target = (await cluster.primaries()).find((node) => node !== source) ?? source;
    const slot = await source.client.cluster("KEYSLOT", key);
    await target.client.cluster("SETSLOT", slot, "IMPORTING", source.id);
    await source.client.cluster("SETSLOT", slot, "MIGRATING", target.id);
    const { address, port } = cluster.plan.nodes[target.index] ?? { address: "", port: 0 };
    await source.client.call("MIGRATE", address, String(port), key, "0", "2000");
    const ledger = await workload.stop();
    expect(findings(ledger)).toEqual([]);
    await source.client.cluster("SETSLOT", slot, "STABLE");
    await target.client.cluster("SETSLOT", slot, "STABLE");
  });

  test("tells a key that was replaced by one of another type, and does not wait for it", async () => {
    const workload = await cluster.startWorkload({ writers: 2, keys: 8, kinds: ["append"] });
    await more(workload, 100);
    const [list] = await keysOf(workload.keyPrefix, "list");
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

  test("counts the time after its clients have given up, and says that they have", async () => {
    let ended = false;
    const workload = await cluster.startWorkload({
      writers: 2,
      commandTimeoutMs: 200,
      client: {
        clusterRetryStrategy: () => {
          ended = true;
          return null;
        },
      },
    });
    await more(workload, 100);
    await expect
      .poll(
        async () => {
          // Each node closes every connection but the one that asks: a cluster that was away for a moment.
          await Promise.all(
            cluster.nodes.map((node) => node.client.call("CLIENT", "KILL", "TYPE", "normal")),
          );
          return ended;
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
    const least = ledger.stoppedAt - (client?.endedAt ?? 0);
    for (const shard of ledger.shards) expect(shard.unavailableAtEndMs).toBeGreaterThanOrEqual(least - 1);
    expect(() => assertUnavailableAtMost(ledger, 3_600_000)).toThrow(/had accepted no writes for/);
  });

  test("is no longer kept by its cluster once it has a ledger or has been ended", async () => {
    const kept = Reflect.get(cluster, "workloads") as ReadonlySet<unknown>;
    const before = kept.size;
    const judged = await cluster.startWorkload({ writers: 1, keys: 3 });
    const ended = await cluster.startWorkload({ writers: 1, keys: 3 });
    const failed = await cluster.startWorkload({ writers: 1, keys: 3 });
    expect(kept.size).toBe(before + 3);
    await more(judged, 10);
    await judged.stop();
    await ended[Symbol.asyncDispose]();
    // It may still be asked for its ledger, so a reset has to find it.
    await expect(failed.stop({ signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "WAIT_ABORTED",
    });
    expect([...kept].slice(before)).toEqual([failed]);
    await failed.stop();
    expect(kept.size).toBe(before);
  });

  test("refuses options that are wrong, all at once, and a cluster that is stopped", async () => {
    await expect(cluster.startWorkload({ writers: 0, wait: -1, reads: 7 })).rejects.toMatchObject({
      code: "INVALID_OPTIONS",
      message: expect.stringMatching(
        /writers[^]*wait[^]*reads|wait[^]*reads[^]*writers|writers[^]*reads[^]*wait/,
      ),
    });
    const other = await startRedisCluster({ nodes: 3, replicas: 0 });
    await other.stop();
    await expect(other.startWorkload()).rejects.toMatchObject({ code: "CLUSTER_STOPPED" });
  });
});

test("a workload ends with a reset and with its cluster, and says what keeps it from a ledger", async () => {
  const cluster = await startRedisCluster({ nodes: 3, replicas: 0 });
  const busy = async (): Promise<Awaited<ReturnType<typeof cluster.startWorkload>>> => {
    const workload = await cluster.startWorkload({ writers: 2, commandTimeoutMs: 100 });
    await expect.poll(() => workload.progress.acknowledged, { timeout: 10_000 }).toBeGreaterThan(100);
    return workload;
  };
  const reset = await busy();
  await cluster.reset();
  expect(reset.stopped).toBe(true);
  // Everything that was acknowledged is gone, and nobody lost it.
  await expect(reset.stop()).rejects.toMatchObject({
    code: "WAIT_ABORTED",
    message: expect.stringMatching(/ended without a ledger.*reset\(\)/),
  });
  expect(cluster.history.ledgers).toEqual([]);

  const stuck = await busy();
  await cluster.kill("node-0");
  await expect(stuck.stop({ timeoutMs: 2_000 })).rejects.toMatchObject({
    code: "WAIT_TIMEOUT",
    message: expect.stringMatching(/not done after 2000 ms\. Still: .*serves the slots 0-5460/),
  });

  const stopping = stuck.stop().catch((error: unknown) => error);
  await cluster.stop();
  expect(await stopping).toMatchObject({ code: "WAIT_ABORTED" });
  const { attempts } = stuck.progress;
  await expect(stuck.stop()).rejects.toMatchObject({ code: "WAIT_ABORTED" });
  expect(stuck.progress.attempts).toBe(attempts);
});
