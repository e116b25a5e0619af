import Redlock from "redlock";
import { expect, redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { throughBreakages } from "./breakages.ts";
import { createIoredis } from "./own-clients.ts";

const test = redisClusterTest({ nodes: 6, replicas: 1, announce: "host" });

test("redlock locks, rejects and unlocks", { timeout: 60_000 }, async ({ cluster }) => {
  await throughBreakages(cluster, "lock", async () => {
    const client = createIoredis(cluster);
    const redlock = new Redlock([client as never], { retryCount: 0 });
    return {
      use: async () => {
        const lock = await redlock.lock("lock", 30_000);
        await expect(redlock.lock("lock", 30_000)).rejects.toThrow("Exceeded 0 attempts");
        await lock.unlock();
      },
      close: () => client.quit(),
    };
  });
});
