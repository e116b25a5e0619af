import { redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { describe, expect } from "vitest";

const test = redisClusterTest({ nodes: 3, replicas: 0 });

// Two tests with the same name.
for (const order of ["42", "43"]) {
  describe("orders", () => {
    test("an order is paid", { timeout: 60_000, retry: order === "42" ? 1 : 0 }, async ({ redis }) => {
      expect(await redis.get(`order:${order}`)).toBe("paid");
    });
  });
}
