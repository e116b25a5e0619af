import {
  connectRedisCluster,
  type StartedRedisCluster,
  startRedisCluster,
} from "testcontainers-redis-cluster";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runVitest } from "./run-vitest.ts";

test("all workers share the cluster of the global set-up", { timeout: 150_000 }, async () => {
  expect(await runVitest("one-shared-cluster")).toContain("3 passed");
});

test("a project has two shared clusters", { timeout: 150_000 }, async () => {
  expect(await runVitest("two-shared-clusters")).toContain("2 passed");
});

describe("a cluster that is shared with another process", { timeout: 60_000 }, () => {
  let cluster: StartedRedisCluster;
  beforeAll(async () => {
    cluster = await startRedisCluster({ nodes: 3, replicas: 0, password: "secret" });
  }, 90_000);
  afterAll(() => cluster?.stop());

  test("is used through a handle, with a lease", async () => {
    // #region share
    process.env["REDIS_CLUSTER"] = JSON.stringify(await cluster.share());
    // #endregion
    expect(process.env["REDIS_CLUSTER"]).toContain("secret");
    {
      // #region connect
      await using shared = await connectRedisCluster(JSON.parse(process.env["REDIS_CLUSTER"] ?? ""));
      await using _lease = await shared.lease(); // waits for the exclusive use
      await shared.reset();
      await shared.client.set("order:42", "paid");
      // #endregion
      await expect(cluster.lease({ timeoutMs: 200 })).rejects.toMatchObject({ code: "WAIT_TIMEOUT" });
    }
    await using lease = await cluster.lease();
    expect(lease).toBeDefined();
    expect(await cluster.client.get("order:42")).toBe("paid");
  });

  test("reverts the faults of a handle that returns its lease", async () => {
    await using shared = await connectRedisCluster(await cluster.share());
    const lease = await shared.lease();
    await shared.slowCommands("node-0", 5);
    expect(shared.activeFaults).toHaveLength(1);
    await lease[Symbol.asyncDispose]();
    expect(shared.activeFaults).toEqual([]);
  });
});
