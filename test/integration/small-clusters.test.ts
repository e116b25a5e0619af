import {
  type RedisClusterError,
  type StartedRedisCluster,
  startRedisCluster,
} from "testcontainers-redis-cluster";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { setReplicated } from "../support/set-replicated.ts";

/** The error of a call that has to fail. */
async function failureOf(call: Promise<unknown>): Promise<RedisClusterError> {
  return await call.then(
    (value) => {
      throw new Error(`succeeded with ${String(value)}`);
    },
    (error: unknown) => error as RedisClusterError,
  );
}

describe("one shard with two replicas", () => {
  let cluster: StartedRedisCluster;
  beforeAll(async () => {
    cluster = await startRedisCluster({ nodes: 3, replicas: 2, nodeTimeoutMs: 500 });
  });
  afterAll(async () => {
    await cluster?.stop();
  });

  test("starts the fast way, serves every slot and replicates", async () => {
    expect(cluster.startup).toMatchObject({ way: "placeholder", fellBackBecause: undefined });
    expect((await cluster.check()).problems).toEqual([]);
    expect((await cluster.primaries()).map(String)).toEqual(["node-0"]);
    expect((await cluster.replicasOf("any")).map(String)).toEqual(["node-1", "node-2"]);
    const { client } = cluster.node("node-0");
    await client.set("order:42", "paid");
    expect(await client.wait(2, 5_000)).toBe(2);
    expect((await cluster.select({ majorityOf: "primaries" })).map(String)).toEqual(["node-0"]);
    expect((await cluster.expectedFailoverMs()).minMs).toBe(Number.POSITIVE_INFINITY);
  });

  test("every call that waits for a promotion fails at once if the primary is dead", async () => {
    await cluster.reset();
    await using workload = await cluster.startWorkload();
    // With these limits the test would run out of time itself if one of them waited.
    const calls: readonly [string, () => Promise<unknown>][] = [
      ["observeFailover", () => cluster.observeFailover(() => cluster.killMaster("order:42"))],
      ["primaryOf", () => cluster.primaryOf("order:42", { timeoutMs: 600_000 })],
      ["replicasOf", () => cluster.replicasOf("order:42", { timeoutMs: 600_000 })],
      ["killMaster", () => cluster.killMaster("order:42", { timeoutMs: 600_000 })],
      ["waitUntilHealthy", () => cluster.waitUntilHealthy({ timeoutMs: 600_000 })],
      ["failover", () => cluster.failover("node-1", { timeoutMs: 600_000 })],
      ["force", () => cluster.failover("node-1", { mode: "force", timeoutMs: 600_000 })],
      ["waitForAcknowledged", () => workload.waitForAcknowledged(0, Date.now(), { timeoutMs: 600_000 })],
      ["workload", () => workload.stop({ timeoutMs: 600_000 })],
    ];
    for (const [name, call] of calls) {
      const { code, message, details } = await failureOf(call());
      expect([name, code]).toEqual([name, "FAILOVER_IMPOSSIBLE"]);
      expect(message).toContain("node-0 failed or is cut off, and no replica can be promoted");
      expect(message).toContain('failover(replica, { mode: "takeover" })');
      expect(details).toMatchObject({ primaries: 1, votesNeeded: 1, failed: ["node-0"] });
    }
  });

  // More than once: a reset must not leave epochs with which the next takeover is ignored.
  test.for([1, 2, 3])(
    "a takeover replaces the dead primary, which comes back as a replica (%i)",
    async () => {
      await cluster.reset();
      await setReplicated(cluster, "order:42", "paid");
      const failover = await cluster.observeFailover(async () => {
        const kill = await cluster.killMaster("order:42");
        await cluster.failover({ replicaOf: "order:42" }, { mode: "takeover" });
        return kill;
      });
      const promoted = await cluster.primaryOf("order:42");
      expect(failover.promoted.name).toBe(promoted.name);
      expect(await cluster.client.get("order:42")).toBe("paid");
      await cluster.heal();
      await cluster.waitUntilHealthy();
      const replicas = ["node-0", "node-1", "node-2"].filter((name) => name !== promoted.name);
      expect((await cluster.replicasOf("order:42")).map(String)).toEqual(replicas);
      const { restarted } = await cluster.reset();
      expect(restarted).toContain("node-0");
      expect((await cluster.primaries()).map(String)).toEqual(["node-0"]);
    },
  );

  test("a graceful failover works, because the living primary votes for its replica", async () => {
    await cluster.reset();
    const failover = await cluster.observeFailover(() => cluster.failover("node-2"));
    expect([failover.promoted.name, failover.manual]).toEqual(["node-2", true]);
  });

  test("an observation fails as soon as the primary is missed by replicas that it is cut off from", async () => {
    await cluster.reset();
    const isolated = (): Promise<unknown> => cluster.isolate("node-0", { plane: "bus" });
    const { code, details } = await failureOf(cluster.observeFailover(isolated, { withinMs: 600_000 }));
    expect([code, details["failed"]]).toEqual(["FAILOVER_IMPOSSIBLE", ["node-0"]]);
    await cluster.heal();
    await cluster.waitUntilHealthy();
  });

  test.each([
    ["the primary loses every packet", () => cluster.loss("node-0", 1, { plane: "bus" })],
    ["all its replicas are isolated", () => cluster.isolate(["node-1", "node-2"], { plane: "bus" })],
  ])("no call waits for a promotion if %s", async (_name, cut) => {
    await cluster.reset();
    await cut();
    // Requested before the primary is missed: the replica asks for votes that it cannot get.
    const forced = await failureOf(cluster.failover("node-1", { mode: "force", timeoutMs: 600_000 }));
    expect([forced.code, forced.details["failed"]]).toEqual(["FAILOVER_IMPOSSIBLE", ["node-0"]]);
    const healthy = await failureOf(cluster.waitUntilHealthy({ timeoutMs: 600_000 }));
    expect(healthy.code).toBe("FAILOVER_IMPOSSIBLE");
    await cluster.heal();
    await cluster.waitUntilHealthy();
  });

  test("a replica restarts while its primary is dead, and both heal together", async () => {
    await cluster.reset();
    await cluster.kill("node-0");
    // With this limit the test would run out of time itself if it waited for a sync.
    await cluster.restart("node-1", { timeoutMs: 600_000 });
    expect((await failureOf(cluster.primaryOf("order:42"))).code).toBe("FAILOVER_IMPOSSIBLE");
    await cluster.kill("node-2");
    await cluster.heal({ timeoutMs: 600_000 });
    await cluster.waitUntilHealthy();
    expect((await cluster.primaries()).map(String)).toEqual(["node-0"]);
  });

  test("a primary that is being brought back is waited for", async () => {
    await cluster.reset();
    const kill = await cluster.kill("node-0");
    const healing = kill.heal();
    expect(String(await cluster.primaryOf("order:42", { timeoutMs: 60_000 }))).toBe("node-0");
    await healing;
    await using pause = await cluster.pause("node-0");
    expect((await failureOf(cluster.primaryOf("order:42"))).code).toBe("FAILOVER_IMPOSSIBLE");
    const resuming = pause.heal();
    expect(String(await cluster.primaryOf("order:42", { timeoutMs: 60_000 }))).toBe("node-0");
    await resuming;
  });
});

test("one node is a whole cluster, and a reset brings it back after a kill", async () => {
  await using cluster = await startRedisCluster({ nodes: 1, replicas: 0 });
  expect(cluster.startup.way).toBe("placeholder");
  expect((await cluster.check()).problems).toEqual([]);
  await cluster.client.mset({ "{a}1": "1", "{a}2": "2" });
  expect((await cluster.reset()).way).toBe("cleaned");
  const { client } = cluster.node("node-0");
  expect(await client.dbsize()).toBe(0);
  await cluster.kill("node-0");
  expect((await failureOf(cluster.primaryOf("a"))).code).toBe("FAILOVER_IMPOSSIBLE");
  expect((await cluster.reset()).restarted).toEqual(["node-0"]);
  await cluster.client.set("order:42", "paid");
  await using workload = await cluster.startWorkload();
  await workload.waitForAcknowledged(0, Date.now());
  expect((await workload.stop()).lost).toEqual([]);
});

test("two uneven shards: one loses its primary, and the other one alone cannot replace it", async () => {
  await using cluster = await startRedisCluster({ replicas: [2, 0], nodeTimeoutMs: 500 });
  expect(cluster.plan.shards.map(({ replicas }) => replicas)).toEqual([[2, 3], []]);
  expect((await cluster.check()).problems).toEqual([]);
  expect((await cluster.replicas()).map(String)).toEqual(["node-2", "node-3"]);
  const { first } = cluster.plan.shards[0]?.slots ?? { first: -1 };
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
