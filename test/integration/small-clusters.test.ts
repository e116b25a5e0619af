import type { RedisClusterError, StartedRedisCluster } from "testcontainers-redis-cluster";
import { redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { describe, expect } from "vitest";
import { setReplicated } from "../support/set-replicated.ts";

const KEY = "order:42";
/** Longer than the timeout of a test. If a call waited, the test would time out. */
const TOO_LONG_MS = 600_000;

const test = redisClusterTest({ scope: "file", nodes: 3, replicas: 2, nodeTimeoutMs: 500 });
const testOfOneNode = redisClusterTest({ scope: "test", nodes: 1, replicas: 0 });
const testOfUnevenShards = redisClusterTest({ scope: "test", replicas: [2, 0], nodeTimeoutMs: 500 });

/** Returns the error of a call that must fail. */
async function failureOf(call: Promise<unknown>): Promise<RedisClusterError> {
  return await call.then(
    (value) => {
      throw new Error(`The call succeeded with ${String(value)}.`);
    },
    (error: unknown) => error as RedisClusterError,
  );
}

describe("a cluster of one shard with two replicas", () => {
  test("starts from prepared files, serves every slot and replicates", async ({ cluster }) => {
    expect(cluster.startup).toMatchObject({ strategy: "placeholder", fallbackReason: undefined });
    expect((await cluster.check()).problems).toEqual([]);
    expect((await cluster.primaries()).map(String)).toEqual(["node-0"]);
    expect((await cluster.replicasOf("any")).map(String)).toEqual(["node-1", "node-2"]);
    const { client } = cluster.node("node-0");
    await client.set(KEY, "paid");
    expect(await client.wait(2, 5_000)).toBe(2);
    expect((await cluster.select({ majorityOf: "primaries" })).map(String)).toEqual(["node-0"]);
    expect((await cluster.expectedFailoverMs()).minMs).toBe(Number.POSITIVE_INFINITY);
  });

  test("calls that wait for a promotion reject at once if the only primary is dead", async ({ cluster }) => {
    await using workload = await cluster.startWorkload();
    const calls: readonly [string, () => Promise<unknown>][] = [
      ["observeFailover()", () => cluster.observeFailover(() => cluster.killPrimary(KEY))],
      ["primaryOf()", () => cluster.primaryOf(KEY, { timeoutMs: TOO_LONG_MS })],
      ["replicasOf()", () => cluster.replicasOf(KEY, { timeoutMs: TOO_LONG_MS })],
      ["killPrimary()", () => cluster.killPrimary(KEY, { timeoutMs: TOO_LONG_MS })],
      ["waitUntilHealthy()", () => cluster.waitUntilHealthy({ timeoutMs: TOO_LONG_MS })],
      ["failover()", () => cluster.failover("node-1", { timeoutMs: TOO_LONG_MS })],
      [
        "failover() with mode force",
        () => cluster.failover("node-1", { mode: "force", timeoutMs: TOO_LONG_MS }),
      ],
      [
        "waitForAcknowledged()",
        () => workload.waitForAcknowledged(0, Date.now(), { timeoutMs: TOO_LONG_MS }),
      ],
      ["stop() of the workload", () => workload.stop({ timeoutMs: TOO_LONG_MS })],
    ];
    for (const [name, call] of calls) {
      const { code, message, details } = await failureOf(call());
      expect([name, code]).toEqual([name, "FAILOVER_IMPOSSIBLE"]);
      expect(message).toContain("node-0 failed or is cut off, and no replica can be promoted");
      expect(message).toContain('failover(replica, { mode: "takeover" })');
      expect(details).toMatchObject({ primaries: 1, votesNeeded: 1, failed: ["node-0"] });
    }
  });

  // Three times, because a reset between the tests must not leave config epochs with which nodes ignore the next takeover.
  test.for([1, 2, 3])(
    "a takeover replaces a dead primary, which rejoins as a replica (%i)",
    async (_round, { cluster }) => {
      await setReplicated(cluster, KEY, "paid");
      const failover = await cluster.observeFailover(async () => {
        const kill = await cluster.killPrimary(KEY);
        await cluster.failover({ replicaOf: KEY }, { mode: "takeover" });
        return kill;
      });
      const promoted = await cluster.primaryOf(KEY);
      expect(failover.promoted.name).toBe(promoted.name);
      expect(await cluster.client.get(KEY)).toBe("paid");
      await cluster.heal();
      await cluster.waitUntilHealthy();
      const replicas = ["node-0", "node-1", "node-2"].filter((name) => name !== promoted.name);
      expect((await cluster.replicasOf(KEY)).map(String)).toEqual(replicas);
      const { restarted } = await cluster.reset();
      expect(restarted).toContain("node-0");
      expect((await cluster.primaries()).map(String)).toEqual(["node-0"]);
    },
  );

  test("a graceful failover succeeds, because the only primary votes for its replica", async ({
    cluster,
  }) => {
    const failover = await cluster.observeFailover(() => cluster.failover("node-2"));
    expect([failover.promoted.name, failover.manual]).toEqual(["node-2", true]);
  });

  test("observeFailover() rejects as soon as the primary is cut off from its replicas", async ({
    cluster,
  }) => {
    const isolate = (): Promise<unknown> => cluster.isolate("node-0", { plane: "bus" });
    const { code, details } = await failureOf(cluster.observeFailover(isolate, { withinMs: TOO_LONG_MS }));
    expect([code, details["failed"]]).toEqual(["FAILOVER_IMPOSSIBLE", ["node-0"]]);
    await cluster.heal();
    await cluster.waitUntilHealthy();
  });

  test.for<readonly [string, (cluster: StartedRedisCluster) => Promise<unknown>]>([
    ["the primary loses every packet", (cluster) => cluster.dropPackets("node-0", 1, { plane: "bus" })],
    ["all its replicas are isolated", (cluster) => cluster.isolate(["node-1", "node-2"], { plane: "bus" })],
  ])("calls that wait for a promotion reject at once if %s", async ([, cut], { cluster }) => {
    await cut(cluster);
    // The request is sent before the replica has noticed the cut, so that the replica requests votes that it cannot get.
    const forced = await failureOf(cluster.failover("node-1", { mode: "force", timeoutMs: TOO_LONG_MS }));
    expect([forced.code, forced.details["failed"]]).toEqual(["FAILOVER_IMPOSSIBLE", ["node-0"]]);
    const healthy = await failureOf(cluster.waitUntilHealthy({ timeoutMs: TOO_LONG_MS }));
    expect(healthy.code).toBe("FAILOVER_IMPOSSIBLE");
    await cluster.heal();
    await cluster.waitUntilHealthy();
  });

  test("restart() of a replica does not wait for its stopped primary; heal() starts both", async ({
    cluster,
  }) => {
    await cluster.kill("node-0");
    // Without its primary, the replica cannot synchronize, and the call must not wait for that.
    await cluster.restart("node-1", { timeoutMs: TOO_LONG_MS });
    expect((await failureOf(cluster.primaryOf(KEY))).code).toBe("FAILOVER_IMPOSSIBLE");
    await cluster.kill("node-2");
    await cluster.heal({ timeoutMs: TOO_LONG_MS });
    await cluster.waitUntilHealthy();
    expect((await cluster.primaries()).map(String)).toEqual(["node-0"]);
  });

  test("primaryOf() waits for a primary that is being healed", async ({ cluster }) => {
    const kill = await cluster.kill("node-0");
    const healing = kill.heal();
    expect(String(await cluster.primaryOf(KEY, { timeoutMs: 60_000 }))).toBe("node-0");
    await healing;
    await using pause = await cluster.pause("node-0");
    expect((await failureOf(cluster.primaryOf(KEY))).code).toBe("FAILOVER_IMPOSSIBLE");
    const resuming = pause.heal();
    expect(String(await cluster.primaryOf(KEY, { timeoutMs: 60_000 }))).toBe("node-0");
    await resuming;
  });
});

testOfOneNode(
  "one node is a complete cluster, and reset() restarts it after a kill",
  async ({ cluster, workload: startWorkload }) => {
    expect(cluster.startup.strategy).toBe("placeholder");
    expect((await cluster.check()).problems).toEqual([]);
    await cluster.client.mset({ "{a}1": "1", "{a}2": "2" });
    expect((await cluster.reset()).strategy).toBe("cleaned");
    const { client } = cluster.node("node-0");
    expect(await client.dbsize()).toBe(0);
    await cluster.kill("node-0");
    expect((await failureOf(cluster.primaryOf("a"))).code).toBe("FAILOVER_IMPOSSIBLE");
    expect((await cluster.reset()).restarted).toEqual(["node-0"]);
    await cluster.client.set(KEY, "paid");
    const workload = await startWorkload();
    await workload.waitForAcknowledged(0, Date.now());
    expect((await workload.stop()).lost).toEqual([]);
  },
);

testOfUnevenShards("a primary of two cannot be replaced by votes, but by a takeover", async ({ cluster }) => {
  expect(cluster.info.shards.map(({ replicas }) => replicas)).toEqual([["node-2", "node-3"], []]);
  expect((await cluster.check()).problems).toEqual([]);
  expect((await cluster.replicas()).map(String)).toEqual(["node-2", "node-3"]);
  const { first } = cluster.info.shards[0]?.slots ?? { first: -1 };
  await cluster.kill("node-0");
  const failure = await failureOf(cluster.waitUntilHealthy());
  expect(failure.message).toContain("the votes of 2 of 2 primaries. A failed primary is counted");
  await cluster.failover("node-3", { mode: "takeover" });
  await expect
    .poll(async () => (await cluster.check()).problems.join(), { timeout: 20_000 })
    .not.toContain("serves the slots");
  const entries = (await cluster.view()).members.filter(({ entry }) => entry.slots[0]?.first === first);
  expect(entries.map(({ name }) => name)).toEqual(["node-3"]);
  await cluster.reset();
  expect((await cluster.primaries()).map(String)).toEqual(["node-0", "node-1"]);
});
