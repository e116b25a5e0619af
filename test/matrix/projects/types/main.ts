import type { Cluster, Redis } from "ioredis";
import {
  InvalidOptionsError,
  RedisClusterError,
  type RedisClusterOptions,
  type StartedRedisCluster,
  startRedisCluster,
} from "testcontainers-redis-cluster";
import { reportPage } from "testcontainers-redis-cluster/report";

const options: RedisClusterOptions = { nodes: 6, replicas: 1, tls: true };

export async function main(): Promise<string | null> {
  let started: StartedRedisCluster | undefined;
  try {
    const cluster = await startRedisCluster(options);
    started = cluster;
    const client: Cluster = cluster.client;
    const node: Redis = cluster.node("node-0").client;
    await node.info();
    const failover = await cluster.observeFailover(() => cluster.killPrimary("order:42"));
    const recoveredMs: number | undefined = failover.phases.recoveredMs;
    const other: Cluster = await cluster.connect({ scaleReads: "slave", redisOptions: { db: 0 } });
    await other.get(`${recoveredMs}`);
    return await client.get("order:42");
  } catch (error) {
    if (error instanceof InvalidOptionsError) return error.problems.map(({ option }) => option).join();
    if (error instanceof RedisClusterError) return error.code;
    throw error;
  } finally {
    await started?.stop();
  }
}

export const page: (...args: never[]) => string = reportPage;

// @ts-expect-error unknown option: the types are not `any`
startRedisCluster({ node: 6 });
