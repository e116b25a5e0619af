// #region code
import { RedisClusterError, type StartedRedisCluster, startRedisCluster } from "testcontainers-redis-cluster";

/** Starts a cluster in this range or, if the range is in use, in a free one. */
async function startIn(subnet: string): Promise<StartedRedisCluster> {
  try {
    return await startRedisCluster({ nodes: 3, replicas: 0, subnet });
  } catch (error) {
    if (!(error instanceof RedisClusterError) || error.code !== "SUBNET_TAKEN") throw error;
    console.warn(`${subnet} is in use by ${String(error.details["holder"])}`);
    return await startRedisCluster({ nodes: 3, replicas: 0 });
  }
}
// #endregion
import { expect, redisClusterTest } from "testcontainers-redis-cluster/vitest";

const test = redisClusterTest({ nodes: 3, replicas: 0 });

test("a program can react to a code", { timeout: 60_000 }, async ({ cluster }) => {
  await using other = await startIn(cluster.network.subnet);
  expect(other.network.subnet).not.toBe(cluster.network.subnet);
  await other.client.set("order:42", "paid");
});

test("an error lists all problems of the options", async () => {
  const error: unknown = await startRedisCluster({ nodes: 0, subnet: "172.28.0.1/16" }).catch(
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ name: "InvalidOptionsError", code: "INVALID_OPTIONS" });
  expect((error as Error).message).toBe(
    [
      "The cluster's options are wrong; nothing was started.",
      "  - nodes: expected an integer from 1 to 100, got 0.",
      '  - subnet: expected a range without host bits, got "172.28.0.1/16". Did you mean "172.28.0.0/16"?',
    ].join("\n"),
  );
});
