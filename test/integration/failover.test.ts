import {
  assertPromotedReplica,
  type FailoverPhases,
  formatFailover,
  type StartedRedisCluster,
  startRedisCluster,
} from "testcontainers-redis-cluster";
import { redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { describe, expect } from "vitest";

const KEY = "order:42";
/** A key of another shard. */
const OTHER_KEY = "cart:1";
const NODE_TIMEOUT_MS = 500;

const test = redisClusterTest({ nodeTimeoutMs: NODE_TIMEOUT_MS });
const testWithLongNodeTimeout = redisClusterTest({ scope: "test", nodeTimeoutMs: 15_000 });
const testWithoutReplicas = redisClusterTest({ scope: "test", nodes: 3, replicas: 0, nodeTimeoutMs: 300 });
const testWithoutAutomaticFailover = redisClusterTest({
  scope: "test",
  nodeTimeoutMs: 300,
  config: { "cluster-replica-no-failover": true },
});
const testWithStrictValidity = redisClusterTest({
  scope: "test",
  nodeTimeoutMs: 500,
  // The data of a replica may be as old as the replication ping period, which is 1 s, and one node timeout.
  config: { "cluster-replica-validity-factor": 1 },
});

/** For `DEBUG DROP-CLUSTER-PACKET-FILTER`: `CLUSTERMSG_TYPE_FAILOVER_AUTH_REQUEST` (cluster_legacy.h), and none. */
const VOTE_REQUESTS = 5;
const NO_PACKETS = -1;
const testWithDebug = redisClusterTest({
  scope: "test",
  // The default validity factor and a ping period of 1 s would allow 4.3 s. The second election starts at least 4 s after the first.
  nodeTimeoutMs: 300,
  config: { "enable-debug-command": "yes" },
});

/** Returns how long the only replica of a shard with data waits before its election, by the rules of each server. */
async function electionDelay({ nodes }: StartedRedisCluster): Promise<{ minMs: number; maxMs: number }> {
  const info = (await nodes[0]?.client.info("server")) ?? "";
  const [, major = 0, minor = 0] = (/^valkey_version:(\d+)\.(\d+)/m.exec(info) ?? []).map(Number);
  if (major < 9) return { minMs: 500, maxMs: 1_000 };
  // Valkey 9.0: a thirtieth of the node timeout, and a random part of the same size. From 9.1 on, only if another replica exists.
  return major === 9 && minor === 0 ? { minMs: 16, maxMs: 32 } : { minMs: 0, maxMs: 0 };
}

/** Returns the times of the observed phases, in the order in which the phases must come. */
function timesInOrder(phases: FailoverPhases): readonly number[] {
  const { suspectedMs, failedMs, electionScheduledMs, electionStartedMs, electedMs, recoveredMs } = phases;
  return [suspectedMs, failedMs, electionScheduledMs, electionStartedMs, electedMs, recoveredMs].filter(
    (ms) => ms !== undefined,
  );
}

describe("observeFailover()", () => {
  test("reports the promotion and all phases, from the kill to the first write", async ({ cluster }) => {
    const primary = await cluster.primaryOf(KEY);
    const [replica] = await cluster.replicasOf(KEY);
    const failover = await cluster.observeFailover(() => cluster.killPrimary(KEY), { withinMs: 15_000 });

    expect(failover.failed.name).toBe(primary.name);
    expect(failover.promoted).toEqual({ name: replica?.name, id: replica?.id });
    expect(failover.shard).toBe(primary.plannedShard);
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
    // Views are read every 20 ms. Between two reads, all nodes may suspect the primary and agree that it has failed.
    if (phases.suspectedMs !== undefined) expect(phases.suspectedBy).toMatch(/^node-\d$/);
    expect(phases.failedBy).toMatch(/^node-\d$/);
    const times = timesInOrder(phases);
    expect(times).toHaveLength(phases.suspectedMs === undefined ? 5 : 6);
    // The tolerance is for the clocks of the nodes, whose offsets are measured over the network.
    for (const [index, ms] of times.entries())
      expect(ms).toBeGreaterThanOrEqual((times[index - 1] ?? 0) - 60);
    expect(phases.failedMs).toBeGreaterThanOrEqual(NODE_TIMEOUT_MS * 0.9);
    const { minMs, maxMs } = await electionDelay(cluster);
    expect(phases.announcedDelayMs).toBeGreaterThanOrEqual(minMs);
    expect(phases.announcedDelayMs).toBeLessThanOrEqual(maxMs);
    expect(phases.agreedMs).toBeGreaterThanOrEqual(phases.electedMs ?? Number.NaN);

    expect(failover.events.length).toBeGreaterThan(5);
    expect(failover.events.map(({ atMs }) => atMs)).toEqual(
      failover.events.map(({ atMs }) => atMs).toSorted((a, b) => a - b),
    );
    expect(formatFailover(failover)).toMatch(
      new RegExp(`${primary.name} → ${replica?.name}[^]*suspected[^]*ms`),
    );
  });

  test("waits until the old primary has rejoined if waitForOldPrimary is set", async ({ cluster }) => {
    const failover = await cluster.observeFailover(
      async () => {
        const fault = await cluster.killPrimary(KEY);
        await cluster.primaryOf(KEY);
        await fault.heal();
        return fault;
      },
      { withinMs: 20_000, waitForOldPrimary: true },
    );
    expect(failover.phases.rejoinedMs).toBeGreaterThan(failover.phases.electedMs ?? Number.NaN);
    expect((await cluster.replicasOf(KEY)).map(String)).toEqual([failover.failed.name]);
  });

  test("observes the failover of a paused primary", async ({ cluster }) => {
    const failover = await cluster.observeFailover(() => cluster.pause({ primaryOf: KEY }), {
      withinMs: 15_000,
    });
    expect(failover.phases.recoveredMs).toBeGreaterThan(NODE_TIMEOUT_MS);
  });

  test("reports a failover as manual if no node was flagged as failed", async ({ cluster }) => {
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

  test("measures an election that is not earlier than expectedFailoverMs()", async ({ cluster }) => {
    const expected = await cluster.expectedFailoverMs();
    expect(expected.minMs).toBe(NODE_TIMEOUT_MS + (await electionDelay(cluster)).minMs);
    expect(expected.maxMs).toBeGreaterThan(expected.minMs);
    const { phases } = await cluster.observeFailover(() => cluster.killPrimary(KEY), { withinMs: 15_000 });
    expect(phases.electedMs).toBeGreaterThanOrEqual(expected.minMs * 0.9);
  });

  test("counts from the kill, also if it is not the first step of the action", async ({ cluster }) => {
    await using workload = await cluster.startWorkload({ writers: 2, ratePerSecond: 200 });
    const primary = await cluster.primaryOf(KEY);
    let calledAt = 0;
    const failover = await cluster.observeFailover(
      async () => {
        calledAt = Date.now();
        await workload.waitForAcknowledged(primary.plannedShard, calledAt + 300);
        // The action returns nothing, so its result does not contain the time of the fault.
        await cluster.kill(primary);
      },
      { withinMs: 15_000 },
    );
    const [kill, ...others] = cluster.activeFaults;
    expect(others).toEqual([]);
    expect(failover.since).toBe(kill?.since);
    expect(failover.since).toBeGreaterThan(calledAt + 300);
    expect(failover.events.find(({ kind }) => kind === "fault")?.atMs).toBe(0);
  });

  test("reports both promotions if the old primary is promoted again", async ({ cluster }) => {
    const primary = await cluster.primaryOf(KEY);
    const [replica] = await cluster.replicasOf(KEY);
    const failover = await cluster.observeFailover(
      async () => {
        // A takeover needs no votes. Otherwise the second failover could be rejected because of the first election.
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

  test("times out with the likely reason if nothing was broken", async ({ cluster }) => {
    // If the machine stalled for a moment, a primary may have been silent.
    await expect(cluster.observeFailover(() => Promise.resolve(), { withinMs: 800 })).rejects.toMatchObject({
      code: "FAILOVER_TIMEOUT",
      message: expect.stringMatching(/No primary failed|was unhealthy only for a moment and has recovered/),
    });
  });

  test("times out with the likely reason if a majority of the primaries is missing", async ({ cluster }) => {
    await expect(
      cluster.observeFailover(() => cluster.isolate({ majorityOf: "primaries" }), { withinMs: 5_000 }),
    ).rejects.toMatchObject({ code: "FAILOVER_TIMEOUT", message: expect.stringMatching(/majority/i) });
  });

  test("rejects with the error of the action", async ({ cluster }) => {
    await expect(
      cluster.observeFailover(() => Promise.reject(new Error("no such luck")), { withinMs: 1_000 }),
    ).rejects.toThrow("no such luck");
  });
});

describe("primaryOf()", () => {
  test("returns a promoted node only when it executes commands", async ({ cluster }) => {
    for (let round = 0; round < 3; round += 1) {
      // After a promotion, a server whose process is young rejects commands for longer.
      await cluster.restart({ replicaOf: KEY });
      await using _killed = await cluster.killPrimary(KEY);
      const node = await cluster.primaryOf(KEY);
      expect(await node.client.get(KEY)).toBeNull();
    }
  });

  test("times out for a node that rejects commands, which killPrimary() still kills", async ({ cluster }) => {
    const primary = await cluster.primaryOf(KEY);
    const [replica] = await cluster.replicasOf(KEY);
    const other = await cluster.primaryOf(OTHER_KEY);
    await cluster.kill([primary.name, replica?.name ?? ""]);
    const clusterInfo = async (): Promise<string> => await other.client.cluster("INFO");
    await expect.poll(clusterInfo, { timeout: 20_000 }).toContain("cluster_state:fail");
    expect((await cluster.check()).slotsCovered).toBe(false);
    await expect(cluster.primaryOf(OTHER_KEY, { timeoutMs: 500 })).rejects.toMatchObject({
      code: "WAIT_TIMEOUT",
      message: expect.stringMatching(
        new RegExp(`${other.name} owns slot \\d+ and rejects commands: its cluster_state is fail`),
      ),
    });
    expect((await cluster.primaries()).map(String)).toContain(other.name);
    expect((await cluster.select({ primaryOf: OTHER_KEY })).map(String)).toEqual([other.name]);
    await using killed = await cluster.killPrimary(OTHER_KEY);
    expect(killed.nodes).toEqual([other.name]);
  });

  // As after an election in which two replicas split the votes.
  testWithDebug("returns the promoted replica also if its first election failed", async ({ cluster }) => {
    const primary = await cluster.primaryOf(KEY);
    const [replica] = await cluster.replicasOf(KEY);
    if (replica === undefined) throw new Error("The shard has no replica.");
    const voters = (await cluster.primaries()).filter(({ name }) => name !== primary.name);
    const dropReceived = async (type: number): Promise<void> => {
      await Promise.all(voters.map(({ client }) => client.call("DEBUG", "DROP-CLUSTER-PACKET-FILTER", type)));
    };
    const epoch = async (): Promise<number> => {
      const info = await replica.client.cluster("INFO");
      return Number(/cluster_current_epoch:(\d+)/.exec(info)?.[1]);
    };

    const before = await epoch();
    await dropReceived(VOTE_REQUESTS);
    await using _killed = await cluster.kill(primary);
    await expect.poll(epoch, { timeout: 10_000, interval: 20 }).toBe(before + 1);
    await dropReceived(NO_PACKETS);
    expect((await cluster.primaryOf(KEY, { timeoutMs: 20_000 })).name).toBe(replica.name);
    expect(await epoch()).toBe(before + 2);
  });
});

describe("failover()", () => {
  test("resolves only when the node executes commands, if the cluster was down", async ({ cluster }) => {
    await cluster.restart({ replicaOf: KEY });
    const [replica] = await cluster.select({ replicaOf: KEY });
    if (replica === undefined) throw new Error("The shard has no replica.");
    // Otherwise an election may promote the replica before the call does.
    await replica.client.config("SET", "cluster-replica-no-failover", "yes");
    await using _killed = await cluster.killPrimary(KEY);
    const clusterInfo = async (): Promise<string> => await replica.client.cluster("INFO");
    await expect.poll(clusterInfo, { timeout: 20_000, interval: 10 }).toContain("cluster_state:fail");
    await cluster.failover(replica, { mode: "takeover" });
    expect(await replica.client.get(KEY)).toBeNull();
    await replica.client.config("SET", "cluster-replica-no-failover", "no");
  });
});

describe("with a node timeout of 15 s", () => {
  testWithLongNodeTimeout(
    "a restarted primary executes commands, also if another node is dead",
    async ({ cluster }) => {
      const primary = await cluster.primaryOf(KEY);
      const [other] = await cluster.replicasOf(OTHER_KEY);
      await using _killed = await cluster.kill(other ?? "");
      await cluster.restart(primary);
      expect(await primary.client.get(KEY)).toBeNull();
    },
  );

  testWithLongNodeTimeout(
    "in a split brain, a failover ends with a write to the promoted node",
    async ({ cluster }) => {
      const old = await cluster.primaryOf(KEY);
      const [replica] = await cluster.replicasOf(KEY);
      if (replica === undefined) throw new Error("The shard has no replica.");
      const readProbe = async ({ client }: typeof old): Promise<string> => {
        const [key = ""] = await client.keys("testcontainers-redis-cluster:probe:*");
        return (await client.get(key)) ?? "";
      };
      let noWriteBefore = 0;
      const failover = await cluster.observeFailover(
        async () => {
          // Before this time the replica acknowledges no write, even if it has been promoted.
          noWriteBefore = Date.now() + 3_000;
          await replica.client.call("CLIENT", "PAUSE", 3_000, "WRITE");
          const isolated = await cluster.isolate(old, { plane: "bus" });
          await cluster.failover(replica, { mode: "takeover" });
          const takenOverAt = Date.now();
          const lastWriteAt = async (): Promise<number> => Number((await readProbe(old)).split(" ")[1]);
          await expect.poll(lastWriteAt, { timeout: 10_000 }).toBeGreaterThan(takenOverAt);
          await expect.poll(() => readProbe(replica), { timeout: 10_000 }).toContain(replica.name);
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
    },
  );
});

describe("observeFailover() of a cluster that cannot fail over", () => {
  testWithoutReplicas("times out and reports that there is no replica", async ({ cluster }) => {
    await expect(
      cluster.observeFailover(() => cluster.kill("node-0"), { withinMs: 2_500 }),
    ).rejects.toMatchObject({ code: "FAILOVER_TIMEOUT", message: expect.stringMatching(/no replica/i) });
  });

  testWithoutReplicas("times out soon after the deadline if all nodes are dead", async ({ cluster }) => {
    const startedAt = performance.now();
    await expect(
      cluster.observeFailover(() => cluster.kill(cluster.nodes), { withinMs: 1_000 }),
    ).rejects.toMatchObject({ code: "FAILOVER_TIMEOUT" });
    // The kills, the timeout, the queries of all nodes for the error, and 0.5 s to delete the keys of the observation.
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });

  testWithoutAutomaticFailover("times out and reports that failover is disabled", async ({ cluster }) => {
    await expect(
      cluster.observeFailover(() => cluster.kill("node-0"), { withinMs: 4_000 }),
    ).rejects.toMatchObject({
      code: "FAILOVER_TIMEOUT",
      message: expect.stringMatching(/switched off|disabled|no-failover/i),
    });
  });

  testWithStrictValidity("times out and reports that the replica's data are too old", async ({ cluster }) => {
    const [replica] = await cluster.select({ replicaOf: KEY });
    await using _frozen = await cluster.freezeReplication(replica ?? "");
    const secondsWithoutData = async (): Promise<number> => {
      const info = (await replica?.client.info("replication")) ?? "";
      return Number(/master_last_io_seconds_ago:(\d+)/.exec(info)?.[1]);
    };
    await expect.poll(secondsWithoutData, { timeout: 10_000 }).toBeGreaterThanOrEqual(3);
    await expect(
      cluster.observeFailover(() => cluster.killPrimary(KEY), { withinMs: 5_000 }),
    ).rejects.toMatchObject({
      code: "FAILOVER_TIMEOUT",
      message: expect.stringMatching(/lost the connection to the primary too long ago to take over/),
    });
  });
});

test("stop() of the cluster rejects an ongoing observeFailover() before it resolves", async () => {
  const cluster = await startRedisCluster({ nodes: 3, replicas: 0 });
  const { promise: actionCalled, resolve } = Promise.withResolvers<void>();
  let thrown: unknown;
  const observing = cluster
    .observeFailover(() => Promise.resolve(resolve()), { withinMs: 60_000 })
    .catch((error: unknown) => {
      thrown = error;
    });
  await actionCalled;
  await cluster.stop();
  // Everything that the observation had opened is closed when the cluster is gone.
  expect(thrown).toMatchObject({ code: "CLUSTER_STOPPED" });
  await observing;
});
