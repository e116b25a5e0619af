import {
  assertPromotedReplica,
  type FailoverPhases,
  formatFailover,
  type StartedRedisCluster,
  startRedisCluster,
} from "testcontainers-redis-cluster";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";

const KEY = "order:42";
/** A key of a shard that no other test of the shared cluster touches. */
const OTHER_SHARD = "cart:1";
/** … and one of the third shard. */
const THIRD_SHARD = "stock:2";
const NODE_TIMEOUT_MS = 500;

/** The phases that were seen, in the order in which they have to come. */
function inOrder(phases: FailoverPhases): readonly number[] {
  const { suspectedMs, failedMs, electionScheduledMs, electionStartedMs, electedMs, recoveredMs } = phases;
  return [suspectedMs, failedMs, electionScheduledMs, electionStartedMs, electedMs, recoveredMs].filter(
    (ms) => ms !== undefined,
  );
}

describe("a failover that is observed", () => {
  let cluster: StartedRedisCluster;
  beforeAll(async () => {
    cluster = await startRedisCluster({ nodeTimeoutMs: NODE_TIMEOUT_MS });
  });
  afterEach(async () => {
    await cluster.heal();
    await cluster.waitUntilHealthy({ timeoutMs: 30_000 });
  });
  afterAll(async () => {
    await cluster.stop();
  });

  test("tells who was promoted and when, from the kill to the first acknowledged write", async () => {
    const master = await cluster.primaryOf(KEY);
    const [replica] = await cluster.replicasOf(KEY);
    const failover = await cluster.observeFailover(() => cluster.killMaster(KEY), { withinMs: 15_000 });

    expect(failover.failed.name).toBe(master.name);
    expect(failover.promoted).toEqual({ name: replica?.name, id: replica?.id });
    expect(failover.shard).toBe(master.plannedShard);
    expect(failover.slots).toEqual([{ first: 5461, last: 10922 }]);
    expect(failover.epochAfter).toBeGreaterThan(failover.epochBefore);
    expect(failover).toMatchObject({
      manual: false,
      others: [],
      promotions: [{ name: replica?.name, epoch: failover.epochAfter }],
      // A dead node acknowledges nothing.
      acknowledgedByOldPrimary: { count: 0, lastMs: undefined },
    });

    const { phases } = failover;
    for (const phase of Object.values(phases))
      if (typeof phase === "number") expect(phase).toBeGreaterThanOrEqual(0);
    // Views are asked for every 20 ms: all may suspect it and agree in between.
    if (phases.suspectedMs !== undefined) expect(phases.suspectedBy).toMatch(/^node-\d$/);
    expect(phases.failedBy).toMatch(/^node-\d$/);
    const order = inOrder(phases);
    expect(order).toHaveLength(phases.suspectedMs === undefined ? 5 : 6);
    // Logs are stamped to the millisecond by clocks that are read over the network.
    for (const [index, ms] of order.entries())
      expect(ms).toBeGreaterThanOrEqual((order[index - 1] ?? 0) - 60);
    expect(phases.failedMs).toBeGreaterThanOrEqual(NODE_TIMEOUT_MS * 0.9);
    expect(phases.announcedDelayMs).toBeGreaterThanOrEqual(500);
    expect(phases.announcedDelayMs).toBeLessThanOrEqual(1_000);
    expect(phases.agreedMs).toBeGreaterThanOrEqual(phases.electedMs ?? Number.NaN);

    expect(failover.events.length).toBeGreaterThan(5);
    expect(failover.events.map(({ atMs }) => atMs)).toEqual(
      failover.events.map(({ atMs }) => atMs).toSorted((a, b) => a - b),
    );
    expect(formatFailover(failover)).toMatch(
      new RegExp(`${master.name} → ${replica?.name}[^]*suspected[^]*ms`),
    );
  });

  test("waits for the old primary where that is asked for", async () => {
    const failover = await cluster.observeFailover(
      async () => {
        const fault = await cluster.killMaster(KEY);
        await cluster.primaryOf(KEY);
        await fault.heal();
        return fault;
      },
      { withinMs: 20_000, waitForOldPrimary: true },
    );
    expect(failover.phases.rejoinedMs).toBeGreaterThan(failover.phases.electedMs ?? Number.NaN);
    expect((await cluster.replicasOf(KEY)).map(String)).toEqual([failover.failed.name]);
  });

  test("sees a frozen primary replaced as well", async () => {
    const failover = await cluster.observeFailover(() => cluster.pause({ primaryOf: KEY }), {
      withinMs: 15_000,
    });
    expect(failover.phases.recoveredMs).toBeGreaterThan(NODE_TIMEOUT_MS);
  });

  test("knows a manual failover, where nobody has to be declared dead", async () => {
    const [replica] = await cluster.replicasOf(KEY);
    const failover = await cluster.observeFailover(() => cluster.failover(replica ?? ""), {
      withinMs: 10_000,
    });
    expect(failover).toMatchObject({
      manual: true,
      promoted: { name: replica?.name },
      // A graceful failover pauses the writes of the old primary before the other node is promoted.
      acknowledgedByOldPrimary: { count: 0, lastMs: undefined },
    });
    expect(failover.phases.failedMs).toBeUndefined();
  });

  test("predicts by the server's rules what it then measures", async () => {
    const expected = await cluster.expectedFailoverMs();
    expect(expected.minMs).toBe(NODE_TIMEOUT_MS + 500);
    expect(expected.maxMs).toBeGreaterThan(expected.minMs);
    // Another shard: this one's replica has just won an election, and its server would count those votes again.
    const { phases } = await cluster.observeFailover(() => cluster.killMaster(OTHER_SHARD), {
      withinMs: 15_000,
    });
    expect(phases.electedMs).toBeGreaterThanOrEqual(expected.minMs * 0.9);
  });

  test("counts from the kill, also where the action does something else first and gives nothing", async () => {
    await using workload = await cluster.startWorkload({ writers: 2, ratePerSecond: 200 });
    const third = await cluster.primaryOf(THIRD_SHARD);
    let calledAt = 0;
    const failover = await cluster.observeFailover(
      async () => {
        calledAt = Date.now();
        await workload.waitForAcknowledged(third.plannedShard, calledAt + 300);
        await cluster.kill(third);
      },
      { withinMs: 15_000 },
    );
    const [kill, ...others] = cluster.activeFaults;
    expect(others).toEqual([]);
    expect(failover.since).toBe(kill?.since);
    expect(failover.since).toBeGreaterThan(calledAt + 300);
    expect(failover.events.find(({ kind }) => kind === "fault")?.atMs).toBe(0);
  });

  test("there and back ends with the old primary, and has both promotions", async () => {
    const primary = await cluster.primaryOf(KEY);
    const [replica] = await cluster.replicasOf(KEY);
    const failover = await cluster.observeFailover(
      async () => {
        // Each needs no votes, so that neither is refused because of an election shortly before.
        await cluster.failover(replica ?? "", { mode: "takeover" });
        await cluster.failover(primary, { mode: "takeover" });
      },
      { withinMs: 15_000, waitForOldPrimary: true },
    );
    expect(failover).toMatchObject({
      failed: { name: primary.name },
      promoted: { name: primary.name, id: primary.id },
      manual: true,
    });
    expect(failover.promotions.map(({ name }) => name)).toEqual([replica?.name, primary.name]);
    expect(formatFailover(failover)).toContain(`${primary.name} → ${replica?.name} → ${primary.name}`);
    expect(() => assertPromotedReplica(failover)).toThrow(`${primary.name} is primary again`);
    expect((await cluster.primaryOf(KEY)).name).toBe(primary.name);
  });

  test("that never comes names the likely reason: nothing was broken", async () => {
    // On a machine that stalls for a moment a primary may have been silent.
    await expect(cluster.observeFailover(() => Promise.resolve(), { withinMs: 800 })).rejects.toMatchObject({
      code: "FAILOVER_TIMEOUT",
      message: expect.stringMatching(/No primary failed|was unhealthy only for a moment and has recovered/),
    });
  });

  test("that cannot come for want of a majority says so", async () => {
    await expect(
      cluster.observeFailover(() => cluster.isolate({ majorityOf: "primaries" }), { withinMs: 5_000 }),
    ).rejects.toMatchObject({ code: "FAILOVER_TIMEOUT", message: expect.stringMatching(/majority/i) });
  });

  test("passes on what the action throws, and refuses a deadline that is none", async () => {
    await expect(
      cluster.observeFailover(() => Promise.reject(new Error("no such luck")), { withinMs: 1_000 }),
    ).rejects.toThrow("no such luck");
    await expect(cluster.observeFailover(() => Promise.resolve(), { withinMs: -5 })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
  });
});

describe("the node that serves a key", () => {
  let cluster: StartedRedisCluster;
  beforeAll(async () => {
    cluster = await startRedisCluster({ nodeTimeoutMs: NODE_TIMEOUT_MS });
  });
  afterEach(async () => {
    await cluster.heal();
    await cluster.waitUntilHealthy({ timeoutMs: 30_000 });
  });
  afterAll(async () => {
    await cluster.stop();
  });

  test("executes the first command after it was promoted, also if its process is young", async () => {
    for (let round = 0; round < 3; round += 1) {
      await cluster.restart({ replicaOf: KEY });
      await using _killed = await cluster.killMaster(KEY);
      const node = await cluster.primaryOf(KEY);
      expect(await node.client.get(KEY)).toBeNull();
    }
  });

  test("executes the first command after a manual failover while its shard was down", async () => {
    await cluster.restart({ replicaOf: KEY });
    const [replica] = await cluster.select({ replicaOf: KEY });
    if (replica === undefined) throw new Error("the shard has no replica");
    // It is to be promoted by the call, and not by an election that may be quicker.
    await replica.client.config("SET", "cluster-replica-no-failover", "yes");
    await using _killed = await cluster.killMaster(KEY);
    const state = async (): Promise<string> => await replica.client.cluster("INFO");
    await expect.poll(state, { timeout: 20_000, interval: 10 }).toContain("cluster_state:fail");
    await cluster.failover(replica, { mode: "takeover" });
    expect(await replica.client.get(KEY)).toBeNull();
    await replica.client.config("SET", "cluster-replica-no-failover", "no");
  });

  test("is the owner for a fault, and none for commands, while the cluster is down", async () => {
    const primary = await cluster.primaryOf(KEY);
    const [replica] = await cluster.replicasOf(KEY);
    const other = await cluster.primaryOf(OTHER_SHARD);
    await cluster.kill([primary.name, replica?.name ?? ""]);
    const covered = async (): Promise<boolean> => (await cluster.check()).slotsCovered;
    const down = async (): Promise<string> => await other.client.cluster("INFO");
    await expect.poll(down, { timeout: 20_000 }).toContain("cluster_state:fail");
    expect(await covered()).toBe(false);
    await expect(cluster.primaryOf(OTHER_SHARD, { timeoutMs: 500 })).rejects.toMatchObject({
      code: "WAIT_TIMEOUT",
      message: expect.stringMatching(
        new RegExp(`${other.name} owns slot \\d+ and rejects commands: its cluster_state is fail`),
      ),
    });
    expect((await cluster.primaries()).map(String)).toContain(other.name);
    expect((await cluster.select({ primaryOf: OTHER_SHARD })).map(String)).toEqual([other.name]);
    await using killed = await cluster.killMaster(OTHER_SHARD);
    expect(killed.nodes).toEqual([other.name]);
  });
});

describe("with a long node timeout", () => {
  let cluster: StartedRedisCluster;
  beforeAll(async () => {
    cluster = await startRedisCluster({ nodeTimeoutMs: 15_000 });
  });
  afterAll(async () => {
    await cluster.stop();
  });

  test("a primary that was restarted executes commands, also while another node is away", async () => {
    const primary = await cluster.primaryOf(KEY);
    const [other] = await cluster.replicasOf(OTHER_SHARD);
    await using _killed = await cluster.kill(other ?? "");
    await cluster.restart(primary);
    expect(await primary.client.get(KEY)).toBeNull();
  });

  test("in a split brain only the promoted node's acknowledgements end a failover", async () => {
    const old = await cluster.primaryOf(KEY);
    const [replica] = await cluster.replicasOf(KEY);
    if (replica === undefined) throw new Error("the shard has no replica");
    const written = async ({ client }: typeof old): Promise<string> => {
      const [key = ""] = await client.keys("testcontainers-redis-cluster:probe:*");
      return (await client.get(key)) ?? "";
    };
    let noWriteBefore = 0;
    const failover = await cluster.observeFailover(
      async () => {
        // Until then the replica acknowledges no write, promoted or not.
        noWriteBefore = Date.now() + 3_000;
        await replica.client.call("CLIENT", "PAUSE", 3_000, "WRITE");
        const isolated = await cluster.isolate(old, { plane: "bus" });
        await cluster.failover(replica, { mode: "takeover" });
        const takenOverAt = Date.now();
        const lastWrite = async (): Promise<number> => Number((await written(old)).split(" ")[1]);
        await expect.poll(lastWrite, { timeout: 10_000 }).toBeGreaterThan(takenOverAt);
        await expect.poll(() => written(replica), { timeout: 10_000 }).toContain(replica.name);
        await isolated.heal();
        return isolated;
      },
      { withinMs: 30_000 },
    );
    expect(failover).toMatchObject({ failed: { name: old.name }, promoted: { name: replica.name } });
    const { phases, since, acknowledgedByOldPrimary: late, lastWriteMs = Number.NaN } = failover;
    expect(since + (phases.recoveredMs ?? 0)).toBeGreaterThanOrEqual(noWriteBefore);
    expect(late.count).toBeGreaterThan(0);
    expect(late.lastMs).toBeGreaterThan(phases.electedMs ?? Number.NaN);
    expect(lastWriteMs).toBeLessThanOrEqual((phases.electedMs ?? Number.NaN) + 50);
    expect(formatFailover(failover)).toMatch(/last late write +\d+ ms +acknowledged by/);
  });
});

test("without a replica there is no failover, and the error says that", async () => {
  await using cluster = await startRedisCluster({ nodes: 3, replicas: 0, nodeTimeoutMs: 300 });
  await expect(
    cluster.observeFailover(() => cluster.kill("node-0"), { withinMs: 2_500 }),
  ).rejects.toMatchObject({ code: "FAILOVER_TIMEOUT", message: expect.stringMatching(/no replica/i) });
});

test("an observation that no node is left for ends in time", async () => {
  await using cluster = await startRedisCluster({ nodes: 3, replicas: 0 });
  const begun = performance.now();
  await expect(
    cluster.observeFailover(() => cluster.kill(cluster.nodes), { withinMs: 1_000 }),
  ).rejects.toMatchObject({ code: "FAILOVER_TIMEOUT" });
  // Killing, the limit, the nodes' answers for the error, and half a second for the deletion of what was written.
  expect(performance.now() - begun).toBeLessThan(10_000);
});

test("an observation that is under way ends with its cluster", async () => {
  const cluster = await startRedisCluster({ nodes: 3, replicas: 0 });
  const { promise: acted, resolve } = Promise.withResolvers<void>();
  let thrown: unknown;
  const observing = cluster
    .observeFailover(() => Promise.resolve(resolve()), { withinMs: 60_000 })
    .catch((error: unknown) => {
      thrown = error;
    });
  await acted;
  await cluster.stop();
  // Not a moment later: what it had open is closed when the cluster is gone.
  expect(thrown).toMatchObject({ code: "CLUSTER_STOPPED" });
  await observing;
});

test("with failover switched off there is none, and the error says that", async () => {
  await using cluster = await startRedisCluster({
    nodeTimeoutMs: 300,
    config: { "cluster-replica-no-failover": true },
  });
  await expect(
    cluster.observeFailover(() => cluster.kill("node-0"), { withinMs: 4_000 }),
  ).rejects.toMatchObject({
    code: "FAILOVER_TIMEOUT",
    message: expect.stringMatching(/switched off|disabled|no-failover/i),
  });
});

test("a replica whose data is too old is not promoted, and the error says that", async () => {
  await using cluster = await startRedisCluster({
    nodeTimeoutMs: 500,
    // So old may it be: the replication ping period of 1 s and one node timeout.
    config: { "cluster-replica-validity-factor": 1 },
  });
  const [replica] = await cluster.select({ replicaOf: KEY });
  await using _frozen = await cluster.freezeReplication(replica ?? "");
  const silentFor = async (): Promise<number> => {
    const info = (await replica?.client.info("replication")) ?? "";
    return Number(/master_last_io_seconds_ago:(\d+)/.exec(info)?.[1]);
  };
  await expect.poll(silentFor, { timeout: 10_000 }).toBeGreaterThanOrEqual(3);
  await expect(
    cluster.observeFailover(() => cluster.killMaster(KEY), { withinMs: 5_000 }),
  ).rejects.toMatchObject({
    code: "FAILOVER_TIMEOUT",
    message: expect.stringMatching(/lost the connection to the primary too long ago to take over/),
  });
});
