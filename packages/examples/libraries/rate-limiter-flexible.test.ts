import { RateLimiterRedis } from "rate-limiter-flexible";
import { expect, redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { vi } from "vitest";
import { throughBreakages } from "./breakages.ts";
import { createIoredis, openNodeRedis } from "./own-clients.ts";

const test = redisClusterTest({ nodes: 6, replicas: 1, announce: "host" });
const KEY = "{limits}";

test.for(["ioredis", "node-redis"] as const)(
  "rate-limiter-flexible counts and rejects with %s",
  { timeout: 60_000 },
  async (name, { cluster }) => {
    await throughBreakages(cluster, KEY, async () => {
      const client = name === "ioredis" ? createIoredis(cluster) : await openNodeRedis(cluster);
      const limiter = new RateLimiterRedis({
        storeClient: client,
        useRedisPackage: name === "node-redis",
        keyPrefix: KEY,
        points: 2,
        duration: 60,
      });
      return {
        use: async (event) => {
          // node-redis rejects commands until it has found the new primary. It searches because of a single command, but not because
          // of a pipeline, which `get` sends.
          await vi.waitFor(() => limiter.delete(event), { timeout: 20_000, interval: 100 });
          expect(await limiter.get(event)).toBeNull();
          await limiter.consume(event);
          expect(await limiter.consume(event)).toMatchObject({ remainingPoints: 0 });
          await expect(limiter.consume(event)).rejects.toMatchObject({ consumedPoints: 3 });
        },
        close: async () => client.quit(),
      };
    });
  },
);
