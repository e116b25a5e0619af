import type { ActiveFault, RedisClusterNode, StartedRedisCluster } from "testcontainers-redis-cluster";
import { redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { describe, expect } from "vitest";
import { docker } from "../../support/engine.ts";
import { expectHealed } from "../../support/expect-healed.ts";
import { listPacketFilters, collectHelperConfigs } from "../../support/network-helpers.ts";
import { reportedFlags } from "../../support/reported-flags.ts";

const KEY = "order:42";

const withDefaultAccess = redisClusterTest({ nodeTimeoutMs: 500 });
const withPublishedPorts = redisClusterTest({ scope: "file", nodeTimeoutMs: 500, access: "published" });
const testWithoutHelperImage = redisClusterTest({
  scope: "test",
  nodes: 3,
  replicas: 0,
  faultImage: "localhost:1/no-such-helper:1",
});

/** The capabilities that a container has by default. Podman gives it fewer than Docker. */
const DEFAULT_CAPABILITIES = [
  ...[
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
  ],
  ...["SETUID", "SYS_CHROOT"],
];

describe("the helper container of a network fault", () => {
  withDefaultAccess.afterEach(({ cluster }) => expectHealed(cluster));

  withDefaultAccess(
    "has NET_ADMIN and no other capability, and nodes do not have it",
    async ({ cluster }) => {
      const seen = await collectHelperConfigs(cluster.info.name, async () => {
        await (await cluster.isolate("node-0")).heal();
      });
      expect(seen.length).toBeGreaterThan(0);
      for (const { CapAdd, CapDrop, SecurityOpt } of seen) {
        expect(CapAdd?.map((name: string) => name.replace(/^CAP_/, ""))).toEqual(["NET_ADMIN"]);
        // Podman lists the capabilities of its default set instead.
        expect(CapDrop).toSatisfy(
          (names: readonly string[]) =>
            names.join() === "ALL" || DEFAULT_CAPABILITIES.every((name) => names.includes(name)),
        );
        expect(SecurityOpt).toContain("no-new-privileges");
      }
      for (const { containerId } of cluster.nodes) {
        const { HostConfig } = await (await docker()).getContainer(containerId).inspect();
        expect(HostConfig.CapAdd?.join()).not.toContain("NET_ADMIN");
      }
    },
  );

  testWithoutHelperImage("is named in the error if its image is unavailable", async ({ cluster }) => {
    await expect(cluster.isolate("node-0")).rejects.toMatchObject({
      code: "IMAGE_UNAVAILABLE",
      message: expect.stringMatching(/no-such-helper.* set another image with the option `faultImage`\./),
      details: { image: "localhost:1/no-such-helper:1", option: "faultImage" },
    });
    expect((await cluster.check()).problems).toEqual([]);
  });
});

// On Linux, the default is direct access.
describe.each([
  ["", withDefaultAccess],
  [", with published ports", withPublishedPorts],
])("isolate() and partition()%s", (_, test) => {
  test.afterEach(({ cluster }) => expectHealed(cluster));

  test("an isolated primary accepts writes until it reports CLUSTERDOWN, and loses them", async ({
    cluster,
  }) => {
    const primary = await cluster.primaryOf(KEY);
    let lastWriteAt = 0;
    const writing = (async (): Promise<unknown> => {
      for (;;) {
        try {
          await primary.client.set(KEY, "written to the isolated side");
          lastWriteAt = Date.now();
        } catch (rejection) {
          return rejection;
        }
      }
    })();
    await using isolation = await cluster.isolate(primary);
    // The primary notices the isolation after a node timeout at the earliest, and the fault became active after `since`.
    expect(String(await writing)).toContain("CLUSTERDOWN");
    expect(lastWriteAt).toBeGreaterThan(isolation.since + 400);
    const promoted = await cluster.primaryOf(KEY, { timeoutMs: 20_000 });
    await expect
      .poll(async () => (await cluster.primaryOf(KEY)).name, { timeout: 10_000 })
      .not.toBe(primary.name);
    const winner = await cluster.primaryOf(KEY);
    await winner.client.set(KEY, "written to the majority");
    await isolation.heal();
    await cluster.waitUntilHealthy({ timeoutMs: 30_000 });
    expect(await cluster.client.get(KEY)).toBe("written to the majority");
    expect(promoted.name).toBeTruthy();
  });

  test("a restarted node is isolated from its first packet on, until the cut is healed", async ({
    cluster,
  }) => {
    const replica = (await cluster.replicas())[0] as RedisClusterNode;
    const cut = await cluster.isolate(replica);
    const killed = await cluster.kill(replica);
    await cluster.restart(replica);
    // The restart ends the kill, but not the cut.
    expect(cluster.activeFaults).toEqual([cut]);
    expect(cluster.history.faults.slice(-2)).toMatchObject([
      { kind: "partition", healedAt: undefined },
      { kind: "kill", healedAt: expect.any(Number) },
    ]);
    expect(await listPacketFilters(replica.containerId)).toContain("trc_");
    // The new process has received nothing from other nodes.
    expect(await replica.client.cluster("INFO")).toMatch(/cluster_stats_messages_received:0\s/);
    await killed.heal();
    expect((await replica.state()).status).toBe("running");
    await cut.heal();
    await cluster.waitUntilHealthy({ timeoutMs: 30_000 });
    expect(await replica.client.cluster("INFO")).not.toMatch(/cluster_stats_messages_received:0\s/);
  });

  test("a cut of the bus promotes a replica, and clients still reach the old primary", async ({
    cluster,
  }) => {
    const primary = await cluster.primaryOf(KEY);
    const [replica] = await cluster.replicasOf(KEY);
    await using _fault = await cluster.isolate(primary, { plane: "bus" });
    await expect
      .poll(() => reportedFlags(cluster, primary.name, replica?.name ?? ""), { timeout: 10_000 })
      .toContain("fail");
    await expect
      .poll(async () => (await cluster.primaryOf(KEY)).name, { timeout: 10_000 })
      .toBe(replica?.name);
    expect(await primary.client.ping()).toBe("PONG");
  });

  test.for<readonly [string, (cluster: StartedRedisCluster, node: string) => Promise<ActiveFault>]>([
    ["isolate()", (cluster, node) => cluster.isolate(node, { plane: "clients" })],
    [
      "partition()",
      (cluster, node) => cluster.partition([["clients", "rest"], [node]], { plane: "clients" }),
    ],
    [
      "a one-way partition() of incoming packets",
      (cluster, node) => cluster.partition([["clients", "rest"], [node]], { plane: "clients", oneWay: true }),
    ],
    [
      "a one-way isolate() of outgoing packets",
      (cluster, node) => cluster.isolate(node, { plane: "clients", oneWay: true }),
    ],
  ])("%s cuts off clients but not peers", async ([, cut], { cluster }) => {
    const primary = await cluster.primaryOf(KEY);
    const other = cluster.nodes.find(({ name }) => name !== primary.name) ?? primary;
    const fault = await cut(cluster, primary.name);
    expect(fault.nodes).toEqual([primary.name]);
    // A client that is already connected would wait for the lost packets, so each attempt uses a new client.
    const pingWithNewClient = async ({ client }: RedisClusterNode, timeoutMs: number): Promise<string> => {
      const limits = { connectTimeout: timeoutMs, commandTimeout: timeoutMs, maxRetriesPerRequest: 0 };
      const probe = client.duplicate(limits);
      probe.on("error", () => {});
      return await probe.ping().finally(() => probe.disconnect());
    };
    await expect(pingWithNewClient(primary, 300)).rejects.toThrow(
      /timed out|Connection is closed|max retries/i,
    );
    await expect(pingWithNewClient(other, 5_000)).resolves.toBe("PONG");
    const clusterNodes = String(await other.client.call("CLUSTER", "NODES"));
    expect(clusterNodes.split("\n").find((line) => line.startsWith(primary.id))).not.toContain("fail");
    await fault.heal();
    await expect.poll(() => primary.client.ping().catch(String), { timeout: 5_000 }).toBe("PONG");
  });

  test("a node is flagged as failed if only its outgoing packets are dropped", async ({ cluster }) => {
    const replica = (await cluster.replicas())[0]?.name ?? "";
    await using _fault = await cluster.partition([[replica], "rest"], { oneWay: true, plane: "bus" });
    const primary = (await cluster.primaries())[0]?.name ?? "";
    await expect.poll(() => reportedFlags(cluster, replica, primary), { timeout: 10_000 }).toContain("fail");
  });

  test("without a majority of primaries every node reports fail, until the cut is healed", async ({
    cluster,
  }) => {
    const isolated = await cluster.select({ majorityOf: "primaries" });
    expect(isolated).toHaveLength(2);
    const fault = await cluster.isolate({ majorityOf: "primaries" });
    expect(fault.nodes).toEqual(isolated.map(({ name }) => name));
    const rest = cluster.nodes.filter((node) => !isolated.includes(node));
    const countFailed = async (): Promise<number> => {
      const { views } = await cluster.view();
      return views.filter((view) => view.kind === "answered" && view.state === "fail").length;
    };
    await expect.poll(countFailed, { timeout: 10_000 }).toBe(cluster.nodes.length);
    expect(rest).toHaveLength(4);
    await fault.heal();
    await cluster.waitUntilHealthy({ timeoutMs: 30_000 });
  });
});
