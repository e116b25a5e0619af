import { startRedisCluster } from "testcontainers-redis-cluster";
import { expect, test } from "vitest";
import { describeStateKinds } from "../support/reset-kinds-suite.ts";
import { OTHER_SERVERS } from "../support/server-images.ts";

for (const { name, image } of OTHER_SERVERS) describeStateKinds(name, image);

test.for(OTHER_SERVERS)(
  "$name: a process that replaces another one has the same users",
  async ({ image }) => {
    const rules = "~app:* +@read +@write -set +get +mget +cluster|slots +cluster|nodes +info +ping +client";
    await using cluster = await startRedisCluster({
      image,
      nodes: 3,
      replicas: 0,
      users: { app: { rules } },
    });
    for (const node of cluster.nodes) await cluster.kill(node);
    expect(await cluster.reset()).toMatchObject({ restarted: ["node-0", "node-1", "node-2"] });
  },
);
