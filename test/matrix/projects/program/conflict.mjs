import { startRedisCluster } from "testcontainers-redis-cluster";

// Two copies of Testcontainers are installed.
try {
  const cluster = await startRedisCluster();
  await cluster.stop();
} catch (error) {
  if (error.code !== "PACKAGE_CONFLICT") throw error;
  console.log(error.message);
  process.exit();
}
throw new Error("expected the start to be rejected, but it succeeded");
