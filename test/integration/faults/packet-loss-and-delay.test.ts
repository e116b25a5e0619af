import { RedisClusterError } from "testcontainers-redis-cluster";
import { redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { expect } from "vitest";
import { expectHealed } from "../../support/expect-healed.ts";
import { reportedFlags } from "../../support/reported-flags.ts";

const KEY = "order:42";

const test = redisClusterTest({ nodeTimeoutMs: 500 });
test.afterEach(({ cluster }) => expectHealed(cluster));

test("dropPackets() drops the given share of packets", async ({ cluster }) => {
  const target = (await cluster.replicas())[0]?.name ?? "";
  const primary = (await cluster.primaries())[0]?.name ?? "";
  const few = await cluster.dropPackets(target, 0.01, { plane: "bus" });
  expect(few.description).toContain("1 % of packets lost (bus)");
  await few.heal();
  // TCP sends lost packets again, so only a share of 1 certainly disconnects the node.
  await using _all = await cluster.dropPackets(target, 1, { plane: "bus" });
  await expect.poll(() => reportedFlags(cluster, target, primary), { timeout: 10_000 }).toContain("fail");
});

test("delayPackets() delays replies, or rejects if the kernel lacks netem", async ({ cluster }) => {
  const primary = await cluster.primaryOf(KEY);
  const result = await cluster.delayPackets(primary, 100).catch((error: unknown) => error);
  if (result instanceof RedisClusterError) {
    expect(result).toMatchObject({
      code: "FAULT_UNSUPPORTED",
      message: expect.stringContaining("lacks the netem queue"),
    });
    return;
  }
  const startedAt = performance.now();
  await primary.client.get(KEY);
  expect(performance.now() - startedAt).toBeGreaterThan(80);
});
