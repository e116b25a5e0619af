import { redisClusterTest } from "testcontainers-redis-cluster/vitest";

const test = redisClusterTest({
  nodes: 3,
  replicas: 0,
  evidenceDir: process.env["TRC_EVIDENCE"],
  configureNode: (container) => {
    // The container runs but never accepts a connection.
    container
      .withCopyContentToContainer([{ content: "#!/bin/sh\nexec sleep 120\n", target: "/wait", mode: 0o755 }])
      .withEntrypoint(["/wait"]);
  },
});

test("waits", { timeout: 8_000 }, async ({ redis }) => {
  await redis.ping();
});
