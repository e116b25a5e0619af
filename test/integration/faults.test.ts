import {
  type ActiveFault,
  RedisClusterError,
  type RedisClusterNode,
  type StartedRedisCluster,
  startRedisCluster,
  type Target,
} from "testcontainers-redis-cluster";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { docker, leftovers } from "../support/engine.ts";
import { filtersIn, helpersDuring } from "../support/network-helpers.ts";
import { setReplicated } from "../support/set-replicated.ts";

const KEY = "order:42";
/** In shards where the tests before have nobody elected: a replica that has just been is not asked at once. */
const ELSEWHERE = "order:44";
const THIRD = "order:43";

describe("faults, each applied and healed", () => {
  let cluster: StartedRedisCluster;
  beforeAll(async () => {
    cluster = await startRedisCluster({ nodeTimeoutMs: 500 });
  });
  afterEach(async () => {
    await cluster.heal();
    await cluster.waitUntilHealthy({ timeoutMs: 30_000 });
    expect(cluster.activeFaults).toEqual([]);
    // Six nodes, their volumes and the network: the helpers live for a moment only.
    expect(await leftovers(cluster.plan.name)).toHaveLength(13);
  });
  afterAll(async () => {
    await cluster.stop();
  });

  /** How one node sees another. */
  async function flagsOf(name: string, by: string): Promise<readonly string[]> {
    const view = (await cluster.view()).views.find(({ node }) => node === by);
    const id = cluster.node(name).id;
    return view?.kind === "answered" ? (view.members.find((member) => member.id === id)?.flags ?? []) : [];
  }

  test("a paused primary keeps its sockets, loses its shard, and comes back as a replica", async () => {
    const primary = await cluster.primaryOf(KEY);
    const fault = await cluster.pause(primary);
    expect((await primary.state()).status).toBe("paused");
    expect(fault.description).toBe(`${primary.name} frozen`);
    await expect
      .poll(async () => (await cluster.primaryOf(KEY)).name, { timeout: 10_000 })
      .not.toBe(primary.name);
    await cluster.resume(primary);
    expect((await primary.state()).status).toBe("running");
    // Whoever lets it go on ends the fault.
    expect(cluster.activeFaults).toEqual([]);
    expect(cluster.history.faults.at(-1)).toMatchObject({ kind: "pause", healedAt: expect.any(Number) });
    await fault.heal();
    await cluster.waitUntilHealthy();
    expect((await cluster.replicasOf(KEY)).map(String)).toContain(primary.name);
  });

  test("a fault whose time is over before it is in force is taken back, and healing waits for that", async () => {
    // A helper takes a few hundred milliseconds; the looks before it, some.
    const late = { timeoutMs: 60 };
    await expect(cluster.isolate("node-0", late)).rejects.toMatchObject({ code: "WAIT_TIMEOUT" });
    await expect(cluster.loss("node-1", 0.1, late)).rejects.toMatchObject({ code: "WAIT_TIMEOUT" });
    await expect(cluster.pause("node-2", { timeoutMs: 1 })).rejects.toMatchObject({ code: "WAIT_TIMEOUT" });
    await cluster.heal();
    for (const name of ["node-0", "node-1"]) {
      // Docker has a table of its own there.
      expect(await filtersIn(cluster.node(name).containerId), name).not.toContain("trc_");
    }
    expect((await cluster.node("node-2").state()).status).toBe("running");
  });

  test("only the helper may change a network, and it may do nothing else", async () => {
    const seen = await helpersDuring(cluster.plan.name, async () => {
      await (await cluster.isolate("node-0")).heal();
    });
    expect(seen.length).toBeGreaterThan(0);
    for (const { CapAdd, CapDrop, SecurityOpt } of seen) {
      expect(CapAdd?.map((name: string) => name.replace(/^CAP_/, ""))).toEqual(["NET_ADMIN"]);
      expect(CapDrop).toEqual(["ALL"]);
      expect(SecurityOpt).toContain("no-new-privileges");
    }
    for (const { containerId } of cluster.nodes) {
      const { HostConfig } = await (await docker()).getContainer(containerId).inspect();
      expect(HostConfig.CapAdd?.join()).not.toContain("NET_ADMIN");
    }
  });

  test("an isolated primary still takes writes from this host while its peers elect another: split brain", async () => {
    const primary = await cluster.primaryOf(KEY);
    let takenAt = 0;
    const writing = (async (): Promise<unknown> => {
      for (;;) {
        try {
          await primary.client.set(KEY, "written on the wrong side");
          takenAt = Date.now();
        } catch (refusal) {
          return refusal;
        }
      }
    })();
    await using _fault = await cluster.isolate(primary);
    // It notices after a node timeout at the earliest, and the fault came into force after it was begun.
    expect(String(await writing)).toContain("CLUSTERDOWN");
    expect(takenAt).toBeGreaterThan(_fault.since + 400);
    const promoted = await cluster.primaryOf(KEY, { timeoutMs: 20_000 });
    await expect
      .poll(async () => (await cluster.primaryOf(KEY)).name, { timeout: 10_000 })
      .not.toBe(primary.name);
    const winner = await cluster.primaryOf(KEY);
    await winner.client.set(KEY, "written on the right side");
    await _fault.heal();
    await cluster.waitUntilHealthy({ timeoutMs: 30_000 });
    expect(await cluster.client.get(KEY)).toBe("written on the right side");
    expect(promoted.name).toBeTruthy();
  });

  test("a node that is killed and started again is still cut off, from its first packet on, until that is healed", async () => {
    const replica = (await cluster.replicas())[0] as RedisClusterNode;
    const cut = await cluster.isolate(replica);
    const killed = await cluster.kill(replica);
    await cluster.restart(replica);
    // The restart ends the kill, and not the cut.
    expect(cluster.activeFaults).toEqual([cut]);
    expect(cluster.history.faults.slice(-2)).toMatchObject([
      { kind: "partition", healedAt: undefined },
      { kind: "kill", healedAt: expect.any(Number) },
    ]);
    expect(await filtersIn(replica.containerId)).toContain("trc_");
    // It has no node's word since it runs.
    expect(await replica.client.cluster("INFO")).toMatch(/cluster_stats_messages_received:0\s/);
    await killed.heal();
    expect((await replica.state()).status).toBe("running");
    await cut.heal();
    await cluster.waitUntilHealthy({ timeoutMs: 30_000 });
    expect(await replica.client.cluster("INFO")).not.toMatch(/cluster_stats_messages_received:0\s/);
  });

  test("a replica that is frozen does not get by its restart what it was to miss; a kill's heal puts the cut back, too", async () => {
    const primary = await cluster.primaryOf(KEY);
    const [replica] = (await cluster.replicasOf(KEY)) as [RedisClusterNode];
    const frozen = await cluster.freezeReplication(replica);
    await primary.client.set(KEY, "missed");
    await (await cluster.kill(replica)).heal();
    expect(await replica.client.info("replication")).toContain("master_link_status:down");
    await frozen.heal();
    await cluster.waitUntilHealthy({ timeoutMs: 30_000 });
    expect(await replica.client.info("replication")).toContain("master_link_status:up");
  });

  test("a cut of the bus alone promotes a replica while clients still reach the old primary", async () => {
    const primary = await cluster.primaryOf(KEY);
    const [replica] = await cluster.replicasOf(KEY);
    await using _fault = await cluster.isolate(primary, { plane: "bus" });
    await expect
      .poll(() => flagsOf(primary.name, replica?.name ?? ""), { timeout: 10_000 })
      .toContain("fail");
    await expect
      .poll(async () => (await cluster.primaryOf(KEY)).name, { timeout: 10_000 })
      .toBe(replica?.name);
    expect(await primary.client.ping()).toBe("PONG");
  });

  test.for<readonly [string, (node: string) => Promise<ActiveFault>]>([
    ["of one node", (node) => cluster.isolate(node, { plane: "clients" })],
    [
      "that another group has",
      (node) => cluster.partition([["clients", "rest"], [node]], { plane: "clients" }),
    ],
    [
      "that are heard no more",
      (node) => cluster.partition([["clients", "rest"], [node]], { plane: "clients", oneWay: true }),
    ],
    ["that hear it no more", (node) => cluster.isolate(node, { plane: "clients", oneWay: true })],
  ])("a cut of the clients, %s, leaves the node healthy among its peers", async ([, cut]) => {
    const primary = await cluster.primaryOf(KEY);
    const other = cluster.nodes.find(({ name }) => name !== primary.name) ?? primary;
    const fault = await cut(primary.name);
    expect(fault.nodes).toEqual([primary.name]);
    // A new client each: one that is connected waits for what was lost.
    const reach = async ({ client }: RedisClusterNode, limitMs: number): Promise<string> => {
      const limits = { connectTimeout: limitMs, commandTimeout: limitMs, maxRetriesPerRequest: 0 };
      const probe = client.duplicate(limits);
      probe.on("error", () => {});
      return await probe.ping().finally(() => probe.disconnect());
    };
    await expect(reach(primary, 300)).rejects.toThrow(/timed out|Connection is closed|max retries/i);
    await expect(reach(other, 5_000)).resolves.toBe("PONG");
    const said = String(await other.client.call("CLUSTER", "NODES"));
    expect(said.split("\n").find((line) => line.startsWith(primary.id))).not.toContain("fail");
    await fault.heal();
    await expect.poll(() => primary.client.ping().catch(String), { timeout: 5_000 }).toBe("PONG");
  });

  test("one way, a node is heard no more and hears everything", async () => {
    const replica = (await cluster.replicas())[0];
    const name = replica?.name ?? "";
    await using _fault = await cluster.partition([[name], "rest"], { oneWay: true, plane: "bus" });
    const primary = (await cluster.primaries())[0]?.name ?? "";
    await expect.poll(() => flagsOf(name, primary), { timeout: 10_000 }).toContain("fail");
  });

  test("a majority of primaries cut off leaves nobody to elect, and healing brings all back", async () => {
    const minority = await cluster.select({ majorityOf: "primaries" });
    expect(minority).toHaveLength(2);
    const fault = await cluster.isolate({ majorityOf: "primaries" });
    expect(fault.nodes).toEqual(minority.map(({ name }) => name));
    const rest = cluster.nodes.filter((node) => !minority.includes(node));
    await expect
      .poll(
        async () =>
          (await cluster.view()).views.filter((view) => view.kind === "answered" && view.state === "fail")
            .length,
        {
          timeout: 10_000,
        },
      )
      .toBe(cluster.nodes.length);
    expect(rest).toHaveLength(4);
    await fault.heal();
    await cluster.waitUntilHealthy({ timeoutMs: 30_000 });
  });

  test("a whole shard can go and come back", async () => {
    const fault = await cluster.kill({ shardOf: KEY });
    expect(fault.nodes).toHaveLength(2);
    const { slotsCovered, problems } = await cluster.check();
    expect(slotsCovered).toBe(false);
    expect(problems).toContain("nobody who answers serves the slots 5461-10922");
    await expect(cluster.primaryOf(KEY, { timeoutMs: 500 })).rejects.toMatchObject({ code: "WAIT_TIMEOUT" });
    await fault.heal();
    await cluster.waitUntilHealthy({ timeoutMs: 30_000 });
    expect(await cluster.client.set(KEY, "back")).toBe("OK");
  });

  test("packets are lost in the share that is asked for", async () => {
    const target = (await cluster.replicas())[0]?.name ?? "";
    const primary = (await cluster.primaries())[0]?.name ?? "";
    const few = await cluster.loss(target, 0.01, { plane: "bus" });
    expect(few.description).toContain("1 % of packets lost (bus)");
    await few.heal();
    // Of everything lost, nothing arrives; TCP mends what is lost in between.
    await using _all = await cluster.loss(target, 1, { plane: "bus" });
    await expect.poll(() => flagsOf(target, primary), { timeout: 10_000 }).toContain("fail");
  });

  test("slow commands are answered late and right, until they are healed or the node starts anew", async () => {
    const primary = await cluster.primaryOf(KEY);
    // A pause may be about to end when the first command comes; four in a row meet at least three whole ones.
    const four = async (): Promise<number> => {
      const begun = performance.now();
      for (let round = 0; round < 4; round += 1) expect(await primary.client.echo("late")).toBe("late");
      return performance.now() - begun;
    };
    const fault = await cluster.slowCommands(primary, 400);
    expect(await four()).toBeGreaterThan(600);
    await fault.heal();
    expect(await four()).toBeLessThan(600);
    await cluster.slowCommands(primary, 400);
    await cluster.restart(primary);
    expect(await four()).toBeLessThan(600);
    expect(cluster.activeFaults).toEqual([]);
    expect(cluster.history.faults.at(-1)?.healedAt).toBeGreaterThan(0);
  });

  test("a delay is applied where the kernel can, and refused with the reason where it cannot", async () => {
    const primary = await cluster.primaryOf(KEY);
    const result = await cluster.delay(primary, 100).catch((error: unknown) => error);
    if (result instanceof RedisClusterError) {
      expect(result).toMatchObject({
        code: "FAULT_UNSUPPORTED",
        message: expect.stringContaining("lacks the netem queue"),
      });
      return;
    }
    const begun = performance.now();
    await primary.client.get(KEY);
    expect(performance.now() - begun).toBeGreaterThan(80);
  });

  test("with replication frozen a write is lost for certain when its primary dies", async () => {
    const [replica] = await cluster.select({ replicaOf: KEY });
    const primary = await setReplicated(cluster, KEY, "old");
    const frozen = await cluster.freezeReplication(replica ?? "");
    await primary.client.set(KEY, "acknowledged and lost");
    await using _dead = await cluster.kill(primary);
    expect((await cluster.primaryOf(KEY)).name).toBe(replica?.name);
    expect(await replica?.client.get(KEY)).toBe("old");
    await frozen.heal();
  });

  test("with replication frozen WAIT says that nobody has the write, so nobody is told a lie", async () => {
    const [replica] = await cluster.select({ replicaOf: KEY });
    const primary = await cluster.primaryOf(KEY);
    await using _frozen = await cluster.freezeReplication(replica ?? "");
    await primary.client.set(KEY, "kept by one");
    expect(await primary.client.wait(1, 300)).toBe(0);
    expect(await cluster.primaryOf(KEY)).toBe(primary);
    expect((await cluster.check()).problems.filter((problem) => problem.includes("flags"))).toEqual([]);
  });

  test.for(["graceful", "force", "takeover"] as const)(
    "a %s failover promotes the replica that is named",
    async (mode) => {
      const before = await cluster.primaryOf(KEY);
      const [replica] = await cluster.replicasOf(KEY);
      await cluster.failover(replica ?? "", { mode });
      expect((await cluster.primaryOf(KEY)).name).toBe(replica?.name);
      await cluster.waitUntilHealthy();
      expect((await cluster.replicasOf(KEY)).map(String)).toEqual([before.name]);
    },
  );

  test("a replica that won an election a moment ago takes over for good, and loses nothing", async () => {
    const first = await cluster.primaryOf(KEY);
    for (const _ of [
      "away",
      "back",
      "away again, while its server would go by the votes of the first time",
    ]) {
      const [replica] = await cluster.replicasOf(KEY);
      await cluster.failover(replica ?? "", { mode: "force" });
      expect((await cluster.primaryOf(KEY)).name).toBe(replica?.name);
      await replica?.client.set(KEY, `written to ${replica.name}`);
      await cluster.waitUntilHealthy();
      expect(await cluster.client.get(KEY)).toBe(`written to ${replica?.name}`);
    }
    expect(await cluster.replicasOf(KEY)).toEqual([first]);
  });

  test("a graceful failover to a replica that cannot catch up says so instead of being lost", async () => {
    const primary = await cluster.primaryOf(ELSEWHERE);
    const [replica] = await cluster.replicasOf(ELSEWHERE);
    const frozen = await cluster.freezeReplication(replica ?? "");
    await primary.client.set(ELSEWHERE, "which the replica does not have");
    await expect(cluster.failover(replica ?? "", { timeoutMs: 2_000 })).rejects.toMatchObject({
      code: "WAIT_TIMEOUT",
      message: expect.stringMatching(
        /Failing over to node-\d: not done after 2000 ms\. Still: node-\d has not taken over/,
      ),
    });
    expect((await cluster.primaryOf(ELSEWHERE)).name).toBe(primary.name);
    await frozen.heal();
    // Its server would still take over as soon as it has caught up.
    await cluster.restart(replica ?? "");
  });

  test("a graceful failover waits until the primary lists the replica, and tells what it lists until then", async () => {
    const primary = await cluster.primaryOf(ELSEWHERE);
    const [replica] = (await cluster.replicasOf(ELSEWHERE)) as [RedisClusterNode];
    await replica.client.config("SET", "replica-announce-port", "7000");
    // Its next connection gives the primary this port.
    await primary.client.call("CLIENT", "KILL", "TYPE", "replica");
    await expect(cluster.failover(replica, { timeoutMs: 4_000 })).rejects.toMatchObject({
      code: "WAIT_TIMEOUT",
      message: expect.stringMatching(
        `Still: ${primary.name} does not list ${replica.name} \\([\\d.]+:6379\\) as a replica that is online; it lists ip=[\\d.]+,port=7000,state=online`,
      ),
    });
    await replica.client.config("SET", "replica-announce-port", "0");
    await primary.client.call("CLIENT", "KILL", "TYPE", "replica");
    await cluster.failover(replica);
    expect((await cluster.primaryOf(ELSEWHERE)).name).toBe(replica.name);
    await cluster.waitUntilHealthy();
  });

  test("a failover from a dead primary names the way that works, and one that the others elect meanwhile counts", async () => {
    const primary = await cluster.primaryOf(THIRD);
    const [replica] = (await cluster.replicasOf(THIRD)) as [RedisClusterNode];
    // As long as it may not, nobody elects it.
    await replica.client.config("SET", "cluster-replica-no-failover", "yes");
    await using dead = await cluster.kill(primary);
    await expect(cluster.failover(replica, { timeoutMs: 500 })).rejects.toMatchObject({
      code: "WAIT_TIMEOUT",
      message: expect.stringContaining(
        `Still: ${primary.name}, its primary, does not answer: use mode "force"`,
      ),
    });
    // A server may elect at once: not before the call has seen that it is a replica.
    const looks = async (): Promise<number> =>
      Number(/cluster(?:\|nodes)?:calls=(\d+)/.exec(await replica.client.info("commandstats"))?.[1] ?? 0);
    const before = await looks();
    const promoting = cluster.failover(replica);
    await expect.poll(looks, { timeout: 5_000 }).toBeGreaterThan(before);
    await replica.client.config("SET", "cluster-replica-no-failover", "no");
    await promoting;
    expect((await cluster.primaryOf(THIRD)).name).toBe(replica.name);
    await dead.heal();
  });

  test("a node can be restarted with its data wiped, and stays who it is", async () => {
    await using durable = await startRedisCluster({ nodes: 3, replicas: 0, persistence: "aof" });
    const node = await durable.primaryOf(KEY);
    await node.client.set(KEY, "stored");
    await durable.kill(node);
    await durable.restart(node, { data: "wiped" });
    expect(await node.client.get(KEY)).toBeNull();
    expect((await durable.check()).problems).toEqual([]);
  });

  test("chance can be repeated by its seed", async () => {
    const first = await cluster.select({ random: 2, seed: 7 });
    expect(await cluster.select({ random: 2, seed: 7 })).toEqual(first);
    const fault = await cluster.pause({ random: 1, role: "replica" });
    expect(fault.description).toContain(`chosen with seed ${fault.seed}`);
    await fault.heal();
    const again = await cluster.select({ random: 1, role: "replica", seed: fault.seed });
    expect(again.map(({ name }) => name)).toEqual(fault.nodes);
  });

  test("a seed that was drawn is in the history, of a fault and of what is none", async () => {
    const before = cluster.history.seeds.length;
    const [chosen] = await cluster.select({ random: 1, role: "replica" });
    const fault = await cluster.pause({ random: 1, role: "replica" });
    await fault.heal();
    await cluster.resume({ random: 1, role: "replica", seed: 7 });
    const seeds = cluster.history.seeds.slice(before);
    expect(seeds.map(({ what }) => what)).toEqual([
      `Selecting ${chosen?.name}`,
      `Pausing ${fault.nodes.join()}`,
      expect.stringMatching(/^Resuming node-\d$/),
    ]);
    expect(seeds.map(({ seed }) => seed)).toEqual([expect.any(Number), fault.seed, 7]);
    const again = await cluster.select({ random: 1, role: "replica", seed: seeds[0]?.seed });
    expect(again).toEqual([chosen]);
  });

  test("what cannot be is refused, and the cluster is untouched", async () => {
    const refused = (code: string, message: RegExp) =>
      expect.objectContaining({ code, message: expect.stringMatching(message) });
    await expect(cluster.pause("node-7")).rejects.toThrow(refused("UNKNOWN_NODE", /node-7/));
    await expect(cluster.kill(["node-1", "node-1"])).rejects.toThrow(
      refused("INVALID_ARGUMENT", /expected each node once, got node-1 twice/),
    );
    // What plain JavaScript may pass.
    for (const nothing of [undefined, null, 7, [undefined], [{ primaryOf: KEY }]]) {
      await expect(cluster.kill(nothing as unknown as Target)).rejects.toThrow(
        refused(
          "INVALID_ARGUMENT",
          /Invalid target .*: expected a node, a node name, an array of these, or a selector/,
        ),
      );
    }
    for (const wrong of [{ role: "master" }, { random: 1, role: "slave" }, { majorityOf: "replicas" }]) {
      await expect(cluster.kill(wrong as Target)).rejects.toThrow(
        refused("INVALID_ARGUMENT", /Invalid target .*: expected \w+ to be .*, got "\w+"/),
      );
    }
    for (const signal of ["SIGSTOP", "SIGHUP", "SIGSEGV", "9"]) {
      await expect(cluster.kill("node-1", { with: signal as "SIGKILL" })).rejects.toThrow(
        refused("INVALID_ARGUMENT", /Invalid with: expected one of "SIGKILL", "SIGTERM", "SIGINT", got ".+"/),
      );
    }
    await expect(cluster.restart("node-1", { data: "wipe" as "wiped" })).rejects.toThrow(
      refused("INVALID_ARGUMENT", /Invalid data: expected one of "kept", "wiped", got "wipe"/),
    );
    await expect(cluster.partition([["node-1"], ["node-1"]])).rejects.toThrow(
      refused("INVALID_ARGUMENT", /expected each name once, got node-1 twice/),
    );
    await expect(cluster.partition([["nobody"], "rest"])).rejects.toThrow(
      refused("INVALID_ARGUMENT", /got "nobody"/),
    );
    await expect(cluster.loss("node-1", 2)).rejects.toThrow(
      refused("INVALID_ARGUMENT", /Invalid share: expected .*, got 2/),
    );
    await expect(cluster.slowCommands("node-1", 0)).rejects.toThrow(
      refused("INVALID_ARGUMENT", /Invalid delayMs: expected .*, got 0/),
    );
    await expect(cluster.freezeReplication({ primaryOf: KEY })).rejects.toThrow(
      refused(
        "INVALID_ARGUMENT",
        /expected one or more of the replicas node-\d, node-\d, node-\d, got node-\d\. Only a/,
      ),
    );
    await expect(cluster.failover({ primaryOf: KEY })).rejects.toThrow(
      refused("INVALID_ARGUMENT", /expected a replica, got node-\d, which is a primary/),
    );
    await expect(cluster.failover("node-4", { mode: "forced" as "force" })).rejects.toThrow(
      refused(
        "INVALID_ARGUMENT",
        /Invalid mode: expected one of "graceful", "force", "takeover", got "forced"/,
      ),
    );
    await expect(cluster.kill({ random: 9 })).rejects.toThrow(
      refused("INVALID_ARGUMENT", /expected at least 9 nodes to choose from, got 6/),
    );
    await expect(cluster.observeFailover(() => Promise.resolve(), { withinMs: 0 })).rejects.toThrow(
      refused("INVALID_ARGUMENT", /expected withinMs to be .*, got 0\. Leave it out for the default/),
    );
    await expect(cluster.kill("node-1", { timeoutMs: -1 })).rejects.toThrow(
      refused("INVALID_ARGUMENT", /expected timeoutMs to be .*, got -1\. Leave it out for the default/),
    );
    expect((await cluster.check()).problems).toEqual([]);
    expect(await Promise.all(cluster.nodes.map(async (node) => (await node.state()).status))).toEqual(
      cluster.nodes.map(() => "running"),
    );
  });

  test("a fault that one of its nodes is in no condition for is done to none", async () => {
    const [first, second] = (await cluster.replicas()) as [RedisClusterNode, RedisClusterNode];
    await using _paused = await cluster.pause(second);
    await expect(cluster.pause([first, second])).rejects.toMatchObject({
      code: "NODE_NOT_RUNNING",
      message: `${second.name} cannot be paused: its container is paused.`,
    });
    expect((await first.state()).status).toBe("running");
  });

  test("a fault that fails for one node is undone for the others", async () => {
    const [first, second] = (await cluster.replicas()) as [RedisClusterNode, RedisClusterNode];
    // Both run; that its server refuses is found out when the other one is slow already.
    await second.client.call("ACL", "SETUSER", "default", "-client");
    try {
      await expect(cluster.slowCommands([first, second], 400)).rejects.toMatchObject({
        code: "FAULT_FAILED",
        message: expect.stringContaining(`${second.name} could not be slowed down: NOPERM`),
      });
    } finally {
      await second.client.call("ACL", "SETUSER", "default", "+client");
    }
    expect(cluster.activeFaults).toEqual([]);
    const begun = performance.now();
    for (let round = 0; round < 4; round += 1) expect(await first.client.ping()).toBe("PONG");
    // With a pause left over at least three of them would take the whole of it.
    expect(performance.now() - begun).toBeLessThan(1_000);
  });
});

test("a promotion that the others ignore is none, and is asked for again, where no log warns of it", async () => {
  await using cluster = await startRedisCluster({ nodeTimeoutMs: 500, config: { loglevel: "warning" } });
  for (let round = 0; round < 3; round += 1) {
    const [replica] = await cluster.replicasOf(KEY);
    await cluster.failover(replica ?? "", { mode: "force" });
    expect((await cluster.primaryOf(KEY)).name).toBe(replica?.name);
    await cluster.waitUntilHealthy();
  }
});

test("a helper image that cannot be had is named, and nothing is cut", async () => {
  await using cluster = await startRedisCluster({
    nodes: 3,
    replicas: 0,
    faultImage: "localhost:1/no-such-helper:1",
  });
  await expect(cluster.isolate("node-0")).rejects.toMatchObject({
    code: "IMAGE_UNAVAILABLE",
    message: expect.stringMatching(/no-such-helper.* name another one with the option `faultImage`\./),
    details: { image: "localhost:1/no-such-helper:1", option: "faultImage" },
  });
  expect((await cluster.check()).problems).toEqual([]);
});

test("a second fault on the same shard finds the node that serves it now", async () => {
  await using cluster = await startRedisCluster({ nodes: 9, replicas: 2, nodeTimeoutMs: 500 });
  const first = await cluster.primaryOf(KEY);
  await using _one = await cluster.kill({ primaryOf: KEY });
  const second = await cluster.primaryOf(KEY);
  await using _two = await cluster.kill({ primaryOf: KEY });
  const third = await cluster.primaryOf(KEY, { timeoutMs: 20_000 });
  expect(new Set([first, second, third]).size).toBe(3);
});
