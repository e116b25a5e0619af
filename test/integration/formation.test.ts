import { setTimeout as sleep } from "node:timers/promises";
import { startRedisCluster } from "testcontainers-redis-cluster";
import { expect, test } from "vitest";
import { CROWDED_NODE_TIMEOUT_MS } from "../support/crowded.ts";
import { OTHER_SERVERS } from "../support/server-images.ts";
import { isBefore7, NO_SUBCOMMANDS } from "../support/server-version.ts";

test('a start with formation: "meet" forms the same cluster with CLUSTER MEET', async () => {
  await using cluster = await startRedisCluster({ formation: "meet" });
  expect(cluster.startup).toMatchObject({ strategy: "meet", fallbackReason: undefined });
  expect((await cluster.check()).problems).toEqual([]);
  expect((await cluster.primaries()).map(String)).toEqual(["node-0", "node-1", "node-2"]);
  expect(await cluster.client.set("x", "1")).toBe("OK");
});

test("a start falls back to CLUSTER MEET and reports why if takeover is forbidden", async ({ skip }) => {
  skip(await isBefore7(), NO_SUBCOMMANDS);
  // A start rejects a directive `user` that forbids CLUSTER FAILOVER. An ACL file is read only by the servers.
  const content = "user default on nopass ~* &* +@all -cluster|failover\n";
  await using cluster = await startRedisCluster({
    config: { aclfile: "/tmp/users.acl" },
    configureNode: (container) => {
      container.withCopyContentToContainer([{ content, target: "/tmp/users.acl", mode: 0o644 }]);
    },
  });
  expect(cluster.startup.strategy).toBe("meet");
  expect(cluster.startup.fallbackReason).toMatch(/NOPERM.*cluster\|failover/);
  // The deprecated names.
  expect(cluster.startup).toMatchObject({ way: "meet", fellBackBecause: cluster.startup.fallbackReason });
  expect((await cluster.check()).problems).toEqual([]);
  expect((await cluster.replicas()).map(String)).toEqual(["node-3", "node-4", "node-5"]);
});

test("no node is declared failed while a replica boots late", async () => {
  await using cluster = await startRedisCluster({
    // The other nodes have their roles long before.
    configureNode: (_, { name }) => (name === "node-5" ? sleep(1_000) : undefined),
  });
  const logs = await Promise.all(cluster.nodes.map((node) => node.logs()));
  expect(logs.join("\n").match(/.*(?:as failing|FAIL message).*/g) ?? []).toEqual([]);
  expect(cluster.startup.strategy).toBe("placeholder");
  expect((await cluster.check()).problems).toEqual([]);
});

test.for(OTHER_SERVERS)(
  "a cluster of $name forms from placeholders, and fails over",
  async ({ name: server, image }) => {
    await using cluster = await startRedisCluster({ image, nodeTimeoutMs: 500 });
    expect(cluster.startup).toMatchObject({ strategy: "placeholder", fallbackReason: undefined });
    expect((await cluster.check()).problems).toEqual([]);
    const [name, version] = server.split("-");
    const info = await cluster.node("node-0").client.info("server");
    expect(info).toMatch(new RegExp(`${name}_version:${version}\\.`));
    await using _fault = await cluster.killPrimary("order:42");
    expect((await cluster.primaryOf("order:42")).plannedRole).toBe("replica");
  },
);

test("sixteen nodes form a cluster from placeholders", async () => {
  await using cluster = await startRedisCluster({
    nodes: 16,
    replicas: 1,
    nodeTimeoutMs: CROWDED_NODE_TIMEOUT_MS,
  });
  expect(cluster.startup.strategy).toBe("placeholder");
  expect((await cluster.check()).problems).toEqual([]);
  expect(await cluster.primaries()).toHaveLength(8);
});
