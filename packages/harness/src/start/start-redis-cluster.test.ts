import { join } from "node:path";
import { expect, test } from "vitest";
import { startRedisCluster } from "./start-redis-cluster.ts";

test("a start rejects a seed file that does not exist", async () => {
  const file = join(import.meta.dirname, "missing.rdb");
  await expect(startRedisCluster({ nodes: 1, replicas: 0, seed: { rdb: [file] } })).rejects.toMatchObject({
    code: "INVALID_OPTIONS",
    message: expect.stringContaining("seed.rdb[0]: expected a file that can be read"),
  });
});
