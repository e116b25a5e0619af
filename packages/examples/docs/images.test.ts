import { startRedisCluster } from "testcontainers-redis-cluster";
import { expect, redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { describe } from "vitest";

// The images that this repository's tests use, which may be local ones.
process.env["REDIS_IMAGES"] = [
  process.env["TESTCONTAINERS_REDIS_CLUSTER_IMAGE"] || "redis:8.0",
  process.env["TRC_IMAGE_VALKEY_8_1"] || "valkey/valkey:8.1",
].join(",");

// #region several
const test = redisClusterTest({ nodes: 3, replicas: 0 });
const images = (process.env["REDIS_IMAGES"] ?? "redis:8.0,valkey/valkey:8.1").split(",");

describe.each(images)("with the image %s", (image) => {
  test.override({ clusterOptions: { image } });

  test("stores an order", { timeout: 30_000 }, async ({ redis }) => {
    await redis.set("order:42", "paid");
    expect(await redis.get("order:42")).toBe("paid");
  });
});
// #endregion

test("starts the server without the entry point of the image", { timeout: 60_000 }, async () => {
  // #region no-entry-point
  await using cluster = await startRedisCluster({
    nodes: 1,
    replicas: 0,
    configureNode: (container) => {
      container.withEntrypoint([]);
    },
  });
  // #endregion
  await cluster.client.set("order:42", "paid");
  expect(await cluster.client.get("order:42")).toBe("paid");
});

test("keeps the data in another folder", { timeout: 60_000 }, async () => {
  // #region folder
  await using cluster = await startRedisCluster({
    nodes: 1,
    replicas: 0,
    configureNode: (container) => {
      container.withWorkingDir("/srv/orders");
    },
  });
  expect(await cluster.node("node-0").client.config("GET", "dir")).toEqual(["dir", "/srv/orders"]);
  // #endregion
});
