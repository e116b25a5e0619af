import { once } from "node:events";
import {
  type RedisClusterNode,
  type StartedRedisCluster,
  startRedisCluster,
} from "testcontainers-redis-cluster";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { docker } from "../support/engine.ts";
import { OTHER_SERVERS } from "../support/server-images.ts";
import { isBefore7 } from "../support/server-version.ts";
import { disableFailureDetection, disableAutomaticFailover } from "../support/failure-detection.ts";

const KEY = "order:42";

/** Expects a cluster like one that has just started: healthy, without keys or changes, with the planned roles. */
async function expectPristine(cluster: StartedRedisCluster): Promise<void> {
  expect(await cluster.check()).toMatchObject({ ok: true, problems: [] });
  for (const node of cluster.nodes) {
    const { client } = node;
    expect(await client.dbsize(), `keys of ${node.name}`).toBe(0);
    expect(await client.call("ACL", "USERS")).toEqual(["default"]);
    expect(await client.config("GET", "maxmemory-policy")).toEqual(["maxmemory-policy", "noeviction"]);
    expect(await client.pubsub("CHANNELS")).toEqual([]);
    expect(String(await client.role()).startsWith(node.plannedRole === "primary" ? "master" : "slave")).toBe(
      true,
    );
    expect((await client.info("memory")).match(/number_of_cached_scripts:(\d+)/)?.[1]).toBe("0");
    expect(await client.config("GET", "cluster-node-timeout")).toEqual([
      "cluster-node-timeout",
      String(cluster.plan.nodeTimeoutMs),
    ]);
  }
  for (const shard of cluster.plan.shards) {
    const replicas = cluster.nodes.filter(({ index }) => shard.replicas.includes(index));
    for (const replica of replicas) {
      const [, host] = (await replica.client.role()) as [string, string];
      expect(host).toBe(cluster.nodes[shard.primary]?.networkAddress.host);
    }
  }
}

describe("a reset", () => {
  let cluster: StartedRedisCluster;
  beforeAll(async () => {
    cluster = await startRedisCluster({ nodeTimeoutMs: 500 });
  });
  afterAll(async () => {
    await cluster.stop();
  });
  const primary = (): RedisClusterNode => cluster.nodes[0] as RedisClusterNode;

  test("only cleans a cluster that was not used", async () => {
    const report = await cluster.reset();
    expect(report).toMatchObject({ strategy: "cleaned", reason: undefined, restarted: [] });
    // The deprecated names.
    expect(report).toMatchObject({ way: "cleaned", because: undefined });
    expect(report.tookMs).toBeGreaterThan(0);
    await expectPristine(cluster);
  });

  test("reverts keys, settings, users, scripts and functions by commands", async () => {
    await Promise.all(Array.from({ length: 500 }, (_, index) => cluster.client.set(`key:${index}`, index)));
    await primary().client.config("SET", "maxmemory-policy", "allkeys-lru");
    await cluster.nodes[4]?.client.config("SET", "maxmemory-policy", "allkeys-lru");
    await primary().client.call("ACL", "SETUSER", "bob", "on", ">secret", "~*", "+@all");
    await primary().client.script("LOAD", "return 1");
    const hasFunctions = !(await isBefore7());
    if (hasFunctions)
      await primary().client.function(
        "LOAD",
        "#!lua name=lib\nredis.register_function('f', function() return 1 end)",
      );
    expect(await cluster.reset()).toMatchObject({ strategy: "cleaned" });
    await expectPristine(cluster);
    if (hasFunctions) expect(await primary().client.function("LIST")).toEqual([]);
  });

  test("replaces the client, closes all others, and ends workloads", async () => {
    const clientBefore = cluster.client;
    const extraClient = await cluster.connect();
    await clientBefore.subscribe("news");
    const subscriber = primary().client.duplicate({ retryStrategy: () => null });
    const subscriberEnd = once(subscriber, "end");
    await subscriber.subscribe("news");
    await cluster.startWorkload({ writers: 2 });
    await cluster.reset();
    await subscriberEnd;
    expect(cluster.client).not.toBe(clientBefore);
    await expect(clientBefore.get("a")).rejects.toThrow(/closed|ended/i);
    await expect(extraClient.get("a")).rejects.toThrow(/closed|ended/i);
    await expectPristine(cluster);
    expect(await cluster.client.set("a", 1)).toBe("OK");
    await cluster.reset();
  });

  test("restarts only the killed node, and restores its role", async () => {
    const killed = await cluster.primaryOf(KEY);
    await disableFailureDetection(cluster);
    const fault = await cluster.killPrimary(KEY);
    const report = await cluster.reset();
    expect(report).toMatchObject({ strategy: "repaired", restarted: [killed.name] });
    expect(report.reason).toContain(`${killed.name} does not answer`);
    // The deprecated names.
    expect(report).toMatchObject({ way: "mended", because: report.reason });
    expect(cluster.activeFaults).toEqual([]);
    await fault.heal();
    await expectPristine(cluster);
  });

  test("restores the planned primary after a failover, and clears old votes", async () => {
    const killed = await cluster.primaryOf(KEY);
    const { promoted } = await cluster.observeFailover(() => cluster.killPrimary(KEY), { withinMs: 15_000 });
    // Waits for every shard, because the reset would also restart a primary that still rejects commands.
    await Promise.all(["a", "b", "c"].map((key) => cluster.primaryOf(key)));
    const report = await cluster.reset();
    expect(report).toMatchObject({ strategy: "repaired" });
    expect(report.restarted).toEqual([killed.name, promoted.name].toSorted());
    await expectPristine(cluster);
    // Another failover immediately: with the votes of its last election, a replica would assume that it was elected again, and the
    // other nodes would ignore it.
    const again = await cluster.observeFailover(() => cluster.killPrimary(KEY), { withinMs: 15_000 });
    expect(again.promoted.name).toBe(promoted.name);
    expect(again.phases.electedMs).toBeGreaterThan(900);
    await cluster.reset();
    await expectPristine(cluster);
  });

  test("reverts a manual failover, a pause, slow commands, an isolation and a stop", async () => {
    const [replica] = await cluster.replicasOf(KEY);
    await cluster.failover(replica ?? "");
    expect((await cluster.reset()).strategy).toBe("repaired");
    await expectPristine(cluster);
    await cluster.pause("node-3");
    await cluster.slowCommands("node-4", 50);
    expect((await cluster.reset()).restarted).toEqual([]);
    await expectPristine(cluster);
    await cluster.observeFailover(() => cluster.isolate("node-0"), { withinMs: 15_000 });
    await cluster.reset();
    await expectPristine(cluster);
    await disableFailureDetection(cluster);
    await cluster.shutdown(["node-1", "node-4"]);
    expect((await cluster.reset()).restarted).toEqual(["node-1", "node-4"]);
    await expectPristine(cluster);
  });

  test("replaces a process that saved a snapshot or rewrote its configuration", async () => {
    await cluster.client.set(KEY, "old");
    const owner = await cluster.primaryOf(KEY);
    await owner.client.call("SAVE");
    expect(await cluster.reset()).toMatchObject({ strategy: "repaired", restarted: [owner.name] });
    await owner.client.config("SET", "maxmemory-policy", "allkeys-lru");
    await owner.client.config("REWRITE");
    expect(await cluster.reset()).toMatchObject(
      // Servers before 7.0 do not count CONFIG REWRITE. There, a reset rewrites the file itself.
      (await isBefore7())
        ? { strategy: "cleaned", restarted: [] }
        : { strategy: "repaired", restarted: [owner.name] },
    );
    // A restart would load files that the reset had left. On a slow machine it takes longer than the replica waits for a failover.
    await disableAutomaticFailover(cluster);
    await cluster.restart(owner);
    await expectPristine(cluster);
  });

  test("restores slots that were deleted or left open", async () => {
    const [from, to] = [cluster.nodes[0], cluster.nodes[1]] as [RedisClusterNode, RedisClusterNode];
    await to.client.cluster("SETSLOT", 7, "IMPORTING", from.id);
    await from.client.cluster("SETSLOT", 7, "MIGRATING", to.id);
    expect((await cluster.reset()).strategy).toBe("repaired");
    await from.client.cluster("DELSLOTS", ...Array.from({ length: 101 }, (_, slot) => slot));
    expect((await cluster.reset()).strategy).toBe("repaired");
    await expectPristine(cluster);
  });

  test("restarts all nodes if all were killed", async () => {
    await cluster.kill(cluster.nodes.map(String));
    const report = await cluster.reset();
    expect(report).toMatchObject({ strategy: "rebuilt", restarted: cluster.nodes.map(String) });
    // The reset must not try a repair first, which would take seconds before it fails.
    expect(report.reason).not.toContain("repairing");
    await expectPristine(cluster);
  });

  test("runs once if it is called twice at the same time", async () => {
    const [first, second] = await Promise.all([cluster.reset(), cluster.reset()]);
    expect(second).toBe(first);
  });

  test.for(["primary", "replica"] as const)(
    "restarts a killed %s without restarting other nodes",
    async (role) => {
      const [killed] = await (role === "primary" ? cluster.primaries() : cluster.replicas());
      await disableFailureDetection(cluster);
      await cluster.kill(killed ?? "");
      const report = await cluster.reset();
      expect(report).toMatchObject({ strategy: "repaired", restarted: [killed?.name] });
      expect(report.reason).not.toContain("not enough");
      await expectPristine(cluster);
    },
  );
});

test("the library's own commands are not reported as changes, even if all of them are slow", async () => {
  await using cluster = await startRedisCluster({
    nodes: 2,
    replicas: 1,
    // The server logs every command.
    config: { "slowlog-log-slower-than": "0" },
  });
  expect(await cluster.findChanges()).toEqual([]);
  await cluster.client.set(KEY, "paid");
  await cluster.client.wait(1, 0);
  const changes = await cluster.findChanges();
  for (const name of ["node-0", "node-1"])
    expect(changes).toContainEqual(
      expect.stringMatching(new RegExp(String.raw`^${name} has entries in its slow log \(.*\bSET\b.*\)$`)),
    );
  expect(await cluster.reset()).toMatchObject({ strategy: "cleaned" });
  expect(await cluster.findChanges()).toEqual([]);
  await disableFailureDetection(cluster);
  await cluster.killPrimary(KEY);
  expect(await cluster.reset()).toMatchObject({ strategy: "repaired" });
  expect(await cluster.findChanges()).toEqual([]);
});

test("a reset fails and reports why if a container was removed", async () => {
  await using cluster = await startRedisCluster({ nodes: 3, replicas: 0, nodeTimeoutMs: 500 });
  const engine = await docker();
  await engine.getContainer(cluster.nodes[1]?.containerId ?? "").remove({ force: true, v: true });
  await expect(cluster.reset()).rejects.toMatchObject({
    code: "RESET_FAILED",
    message: expect.stringMatching(/Failed to restart node-1: its container was removed/),
  });
});

test.for(OTHER_SERVERS)("a reset restores a cluster of $name", async ({ image }) => {
  await using cluster = await startRedisCluster({ image, nodeTimeoutMs: 500 });
  await cluster.client.set(KEY, 1);
  expect((await cluster.reset()).strategy).toBe("cleaned");
  await cluster.observeFailover(() => cluster.killPrimary(KEY), { withinMs: 15_000 });
  const report = await cluster.reset();
  expect(report).toMatchObject({ strategy: "repaired" });
  expect((await cluster.check()).problems).toEqual([]);
  expect(await cluster.client.get(KEY)).toBeNull();
  await disableFailureDetection(cluster);
  await cluster.killPrimary(KEY);
  const reportAfterKill = await cluster.reset();
  expect(reportAfterKill).toMatchObject({ strategy: "repaired", restarted: [expect.any(String)] });
  expect(reportAfterKill.reason).not.toContain("not enough");
});
