import { startRedisCluster } from "testcontainers-redis-cluster";
import { expect, test } from "vitest";
import { CROWDED_NODE_TIMEOUT_MS } from "../support/crowded.ts";
import { OTHER_SERVERS } from "../support/server-images.ts";

test("the plain way is taken when it is asked for, and ends in the same cluster", async () => {
  await using cluster = await startRedisCluster({ formation: "meet" });
  expect(cluster.startup).toMatchObject({ way: "meet", fellBackBecause: undefined });
  expect((await cluster.check()).problems).toEqual([]);
  expect((await cluster.primaries()).map(String)).toEqual(["node-0", "node-1", "node-2"]);
  expect(await cluster.client.set("x", "1")).toBe("OK");
});

test("a server that refuses to take over is formed the plain way, and the report says why", async () => {
  // A user directive that forbids it is refused before the start; a file is only read by the server.
  const content = "user default on nopass ~* &* +@all -cluster|failover\n";
  await using cluster = await startRedisCluster({
    config: { aclfile: "/tmp/users.acl" },
    configureNode: (container) => {
      container.withCopyContentToContainer([{ content, target: "/tmp/users.acl", mode: 0o644 }]);
    },
  });
  expect(cluster.startup.way).toBe("meet");
  expect(cluster.startup.fellBackBecause).toMatch(/NOPERM.*cluster\|failover/);
  expect((await cluster.check()).problems).toEqual([]);
  expect((await cluster.replicas()).map(String)).toEqual(["node-3", "node-4", "node-5"]);
});

test.for(OTHER_SERVERS)("$name forms the fast way too, and fails over", async ({ name: server, image }) => {
  await using cluster = await startRedisCluster({ image, nodeTimeoutMs: 500 });
  expect(cluster.startup).toMatchObject({ way: "placeholder", fellBackBecause: undefined });
  expect((await cluster.check()).problems).toEqual([]);
  const [name, version] = server.split("-");
  const info = await cluster.node("node-0").client.info("server");
  expect(info).toMatch(new RegExp(`${name}_version:${version}\\.`));
  await using _fault = await cluster.killMaster("order:42");
  expect((await cluster.primaryOf("order:42")).plannedRole).toBe("replica");
});

test("thirty nodes form as well", async () => {
  await using cluster = await startRedisCluster({
    nodes: 30,
    replicas: 1,
    nodeTimeoutMs: CROWDED_NODE_TIMEOUT_MS,
  });
  expect(cluster.startup.way).toBe("placeholder");
  expect((await cluster.check()).problems).toEqual([]);
  expect(await cluster.primaries()).toHaveLength(15);
});
