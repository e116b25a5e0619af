import { once } from "node:events";
import {
  type RedisClusterNode,
  type StartedRedisCluster,
  startRedisCluster,
} from "testcontainers-redis-cluster";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { docker } from "../support/engine.ts";
import { OTHER_SERVERS } from "../support/server-images.ts";
import { disableFailureDetection, disableAutomaticFailover } from "../support/failure-detection.ts";

const KEY = "order:42";

/** What must be true of a cluster that nobody has used yet. */
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

  test("of an untouched cluster only cleans, and says so", async () => {
    const report = await cluster.reset();
    expect(report).toMatchObject({ way: "cleaned", because: undefined, restarted: [] });
    expect(report.tookMs).toBeGreaterThan(0);
    await expectPristine(cluster);
  });

  test("takes away keys, settings, users, scripts and functions", async () => {
    await Promise.all(Array.from({ length: 500 }, (_, index) => cluster.client.set(`key:${index}`, index)));
    await primary().client.config("SET", "maxmemory-policy", "allkeys-lru");
    await cluster.nodes[4]?.client.config("SET", "maxmemory-policy", "allkeys-lru");
    await primary().client.call("ACL", "SETUSER", "bob", "on", ">secret", "~*", "+@all");
    await primary().client.script("LOAD", "return 1");
    await primary().client.function(
      "LOAD",
      "#!lua name=lib\nredis.register_function('f', function() return 1 end)",
    );
    expect(await cluster.reset()).toMatchObject({ way: "cleaned" });
    await expectPristine(cluster);
    expect(await primary().client.function("LIST")).toEqual([]);
  });

  test("replaces the clients, closes those of the test, and ends its subscriptions and workloads", async () => {
    const old = cluster.client;
    const extra = await cluster.connect();
    await old.subscribe("news");
    const outsider = primary().client.duplicate({ retryStrategy: () => null });
    const cut = once(outsider, "end");
    await outsider.subscribe("news");
    await cluster.startWorkload({ writers: 2 });
    await cluster.reset();
    await cut;
    expect(cluster.client).not.toBe(old);
    await expect(old.get("a")).rejects.toThrow(/closed|ended/i);
    await expect(extra.get("a")).rejects.toThrow(/closed|ended/i);
    await expectPristine(cluster);
    expect(await cluster.client.set("a", 1)).toBe("OK");
    await cluster.reset();
  });

  test("after a kill starts the dead node only, and gives it its role back", async () => {
    const victim = await cluster.primaryOf(KEY);
    await disableFailureDetection(cluster);
    const fault = await cluster.killMaster(KEY);
    const report = await cluster.reset();
    expect(report).toMatchObject({ way: "mended", restarted: [victim.name] });
    expect(report.because).toContain(`${victim.name} does not answer`);
    expect(cluster.activeFaults).toEqual([]);
    await fault.heal();
    await expectPristine(cluster);
  });

  test("after a failover restores the planned primary, and nobody counts old votes again", async () => {
    const victim = await cluster.primaryOf(KEY);
    const { promoted } = await cluster.observeFailover(() => cluster.killMaster(KEY), { withinMs: 15_000 });
    // One key of each shard: a primary that still refuses commands would be restarted as well.
    await Promise.all(["a", "b", "c"].map((key) => cluster.primaryOf(key)));
    const report = await cluster.reset();
    expect(report).toMatchObject({ way: "mended" });
    expect(report.restarted).toEqual([victim.name, promoted.name].toSorted());
    await expectPristine(cluster);
    // At once again: a replica with the votes of its last election would take itself for elected, and be ignored.
    const again = await cluster.observeFailover(() => cluster.killMaster(KEY), { withinMs: 15_000 });
    expect(again.promoted.name).toBe(promoted.name);
    expect(again.phases.electedMs).toBeGreaterThan(900);
    await cluster.reset();
    await expectPristine(cluster);
  });

  test("undoes a graceful failover, a pause, a partition and a graceful stop", async () => {
    const [replica] = await cluster.replicasOf(KEY);
    await cluster.failover(replica ?? "");
    expect((await cluster.reset()).way).toBe("mended");
    await expectPristine(cluster);
    await cluster.pause("node-3");
    await cluster.slowCommands("node-4", 50);
    expect((await cluster.reset()).restarted).toEqual([]);
    await expectPristine(cluster);
    await cluster.observeFailover(() => cluster.isolate("node-0"), { withinMs: 15_000 });
    await cluster.reset();
    await expectPristine(cluster);
    await disableFailureDetection(cluster);
    await cluster.stopNode(["node-1", "node-4"]);
    expect((await cluster.reset()).restarted).toEqual(["node-1", "node-4"]);
    await expectPristine(cluster);
  });

  test("finds what commands leave behind outside of the data", async () => {
    await cluster.client.set(KEY, "old");
    const owner = await cluster.primaryOf(KEY);
    await owner.client.call("SAVE");
    expect(await cluster.reset()).toMatchObject({ way: "mended", restarted: [owner.name] });
    await owner.client.config("SET", "maxmemory-policy", "allkeys-lru");
    await owner.client.config("REWRITE");
    expect(await cluster.reset()).toMatchObject({ way: "mended", restarted: [owner.name] });
    // The old files would come back with it. On a slow machine it is away for longer than its replica waits.
    await disableAutomaticFailover(cluster);
    await cluster.restart(owner);
    await expectPristine(cluster);
  });

  test("puts slots back that were moved or left open", async () => {
    const [from, to] = [cluster.nodes[0], cluster.nodes[1]] as [RedisClusterNode, RedisClusterNode];
    await to.client.cluster("SETSLOT", 7, "IMPORTING", from.id);
    await from.client.cluster("SETSLOT", 7, "MIGRATING", to.id);
    expect((await cluster.reset()).way).toBe("mended");
    await from.client.call("CLUSTER", "DELSLOTSRANGE", 0, 100);
    expect((await cluster.reset()).way).toBe("mended");
    await expectPristine(cluster);
  });

  test("of a cluster of which nothing is left starts everything anew", async () => {
    await cluster.kill(cluster.nodes.map(String));
    const report = await cluster.reset();
    expect(report).toMatchObject({ way: "rebuilt", restarted: cluster.nodes.map(String) });
    // No detour: repairing would first find out for seconds that it has nothing to build on.
    expect(report.because).not.toContain("repairing");
    await expectPristine(cluster);
  });

  test("that is asked for twice at once is done once", async () => {
    const [first, second] = await Promise.all([cluster.reset(), cluster.reset()]);
    expect(second).toBe(first);
  });

  test.for(["primary", "replica"] as const)(
    "brings a dead %s back without touching the others",
    async (role) => {
      const [dead] = await (role === "primary" ? cluster.primaries() : cluster.replicas());
      await disableFailureDetection(cluster);
      await cluster.kill(dead ?? "");
      const report = await cluster.reset();
      expect(report).toMatchObject({ way: "mended", restarted: [dead?.name] });
      expect(report.because).not.toContain("not enough");
      await expectPristine(cluster);
    },
  );
});

test("a cluster that lost a container cannot be put back, and the error says why", async () => {
  await using cluster = await startRedisCluster({ nodes: 3, replicas: 0, nodeTimeoutMs: 500 });
  const engine = await docker();
  await engine.getContainer(cluster.nodes[1]?.containerId ?? "").remove({ force: true, v: true });
  await expect(cluster.reset()).rejects.toMatchObject({
    code: "RESET_FAILED",
    message: expect.stringMatching(/Failed to restart node-1: its container was removed/),
  });
});

test.for(OTHER_SERVERS)("$name is reset as well", async ({ image }) => {
  await using cluster = await startRedisCluster({ image, nodeTimeoutMs: 500 });
  await cluster.client.set(KEY, 1);
  expect((await cluster.reset()).way).toBe("cleaned");
  await cluster.observeFailover(() => cluster.killMaster(KEY), { withinMs: 15_000 });
  const report = await cluster.reset();
  expect(report).toMatchObject({ way: "mended" });
  expect((await cluster.check()).problems).toEqual([]);
  expect(await cluster.client.get(KEY)).toBeNull();
  await disableFailureDetection(cluster);
  await cluster.killMaster(KEY);
  const calm = await cluster.reset();
  expect(calm).toMatchObject({ way: "mended", restarted: [expect.any(String)] });
  expect(calm.because).not.toContain("not enough");
});
