import { redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { note } from "../../../support/note.ts";

const test = redisClusterTest({ nodes: 3, replicas: 0 });

test("hangs", { timeout: Number(process.env["TRC_TIMEOUT_MS"]) }, async ({ cluster }) => {
  note(cluster.plan.name);
  await new Promise(() => {});
});
