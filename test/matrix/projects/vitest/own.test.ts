import { describe } from "vitest";
import { expect, redisClusterTest } from "ENTRY";

const test = redisClusterTest({ nodes: 6, replicas: 1, evidenceDir: "evidence" });

test("has a cluster", async ({ cluster, redis, nodes }) => {
  await redis.set("order:42", "paid");
  expect(nodes).toHaveLength(6);
  await expect(cluster).toBeHealthy();
  await expect(cluster).toCoverAllSlots();
});

test("has no keys of the test before, and observes a failover", async ({ faults, redis, workload }) => {
  expect(await redis.dbsize()).toBe(0);
  await workload({ writers: 2, wait: 1 });
  const failover = await faults.observeFailover(() => faults.killPrimary("order:42"));
  expect(failover).toHavePromotedReplica();
});

test.fails("negated matchers fail", ({ cluster }) => expect(cluster).not.toAgree());

test("an asynchronous matcher is rejected inside another matcher", ({ cluster }) => {
  const { toBeHealthy } = expect as unknown as Record<string, () => unknown>;
  expect(() => expect({ cluster }).toEqual({ cluster: toBeHealthy?.() })).toThrow("cannot be used inside");
});

test("fails and saves its evidence", async ({ redis }) => {
  expect(await redis.get("order:42")).toBe("a value that was never written");
});

describe("with other options", () => {
  test.OVERRIDE({ clusterOptions: { nodes: 3, replicas: 0 } });

  test("has another cluster", ({ nodes }) => {
    expect(nodes).toHaveLength(3);
  });
});
