import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import {
  type ActiveFault,
  connectRedisCluster,
  RedisClusterError,
  type SharedCluster,
  type StartedRedisCluster,
  startRedisCluster,
  sweepOrphans,
  type Workload,
} from "testcontainers-redis-cluster";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { listPacketFilters } from "../support/network-helpers.ts";

const KEY = "order:42";

/** The share of packets to lose. It is so small that only the packet filter itself shows the fault. */
const LOSS_SHARE = 0.001;

/**
 * Starts a process that acquires the lease, runs code, and then keeps the lease. Resolves when the code has run.
 *
 * @param code statements that use the handle `cluster`.
 */
async function startHolder(shared: SharedCluster, code = ""): Promise<ChildProcess> {
  const source = `
    import { connectRedisCluster } from "testcontainers-redis-cluster";
    const cluster = await connectRedisCluster(JSON.parse(process.env.SHARED));
    await cluster.lease();
    ${code}
    console.log("held");
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", source], {
    cwd: import.meta.dirname,
    env: { ...process.env, SHARED: JSON.stringify(shared) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return child;
}

/** Starts a relay to the process that started the cluster. It forwards all requests except those of one kind. */
async function startRelayWithout(
  kind: string,
  port: number,
): Promise<AsyncDisposable & { readonly port: number }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const owner = connect({ host: "127.0.0.1", port });
    socket.on("data", (chunk) => {
      if (!String(chunk).includes(`"ask":"${kind}"`)) owner.write(chunk);
    });
    owner.on("data", (chunk) => socket.write(chunk));
    for (const [one, two] of [
      [socket, owner],
      [owner, socket],
    ] as const) {
      sockets.add(one);
      one.on("error", () => two.destroy()).on("close", () => two.destroy());
    }
  });
  server.listen({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("A TCP server has a port.");
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

type Wait = { readonly signal: AbortSignal };

/** All public calls that accept a signal. A test compares their names with the methods of a cluster. */
const CALLS: Readonly<Record<string, (cluster: StartedRedisCluster, wait: Wait) => Promise<unknown>>> = {
  view: (cluster, wait) => cluster.view(wait),
  check: (cluster, wait) => cluster.check(wait),
  findChanges: (cluster, wait) => cluster.findChanges(wait),
  waitUntilHealthy: (cluster, wait) => cluster.waitUntilHealthy(wait),
  primaryOf: (cluster, wait) => cluster.primaryOf(KEY, wait),
  replicasOf: (cluster, wait) => cluster.replicasOf(KEY, wait),
  primaries: (cluster, wait) => cluster.primaries(wait),
  replicas: (cluster, wait) => cluster.replicas(wait),
  select: (cluster, wait) => cluster.select({ primaryOf: KEY }, wait),
  kill: (cluster, wait) => cluster.kill("node-0", wait),
  killPrimary: (cluster, wait) => cluster.killPrimary(KEY, wait),
  killMaster: (cluster, wait) => cluster.killMaster(KEY, wait),
  shutdown: (cluster, wait) => cluster.shutdown("node-0", wait),
  stopNode: (cluster, wait) => cluster.stopNode("node-0", wait),
  restart: (cluster, wait) => cluster.restart("node-0", { ...wait, data: "wiped" }),
  pause: (cluster, wait) => cluster.pause("node-0", wait),
  resume: (cluster, wait) => cluster.resume("node-0", wait),
  partition: (cluster, wait) => cluster.partition([["node-0"], "rest"], wait),
  isolate: (cluster, wait) => cluster.isolate("node-0", wait),
  dropPackets: (cluster, wait) => cluster.dropPackets("node-0", 0.5, wait),
  loss: (cluster, wait) => cluster.loss("node-0", 0.5, wait),
  delayPackets: (cluster, wait) => cluster.delayPackets("node-0", 50, wait),
  delay: (cluster, wait) => cluster.delay("node-0", 50, wait),
  slowCommands: (cluster, wait) => cluster.slowCommands("node-0", 20, wait),
  freezeReplication: (cluster, wait) => cluster.freezeReplication({ replicaOf: KEY }, wait),
  failover: (cluster, wait) => cluster.failover({ replicaOf: KEY }, wait),
  heal: (cluster, wait) => cluster.heal(wait),
  connect: (cluster, wait) => cluster.connect({}, wait),
  attach: (cluster, wait) => cluster.attach("trc-none", wait),
  observeFailover: (cluster, wait) => cluster.observeFailover(() => cluster.kill("node-0"), wait),
  expectedFailoverMs: (cluster, wait) => cluster.expectedFailoverMs(wait),
  startWorkload: (cluster, wait) => cluster.startWorkload({}, wait),
  share: (cluster, wait) => cluster.share(wait),
  lease: (cluster, wait) => cluster.lease(wait),
  reset: (cluster, wait) => cluster.reset(wait),
  stop: (cluster, wait) => cluster.stop(wait),
};

/** Methods that do not wait, and `saveEvidence`, which writes incomplete evidence if its signal aborts. */
const OTHER_METHODS: readonly string[] = [
  "node",
  "clientOptions",
  "connectionInfo",
  "environment",
  "composeFragment",
  "credentials",
  "saveEvidence",
];

/** Returns the names of the public methods of a cluster: its own properties and those of its class. */
function methodNamesOf(cluster: StartedRedisCluster): readonly string[] {
  const owners: readonly object[] = [cluster, Object.getPrototypeOf(cluster) as object];
  return owners
    .flatMap((owner) => Object.entries(Object.getOwnPropertyDescriptors(owner)))
    .flatMap(([name, { value }]) => (typeof value === "function" && name !== "constructor" ? [name] : []))
    .toSorted();
}

describe("a shared cluster", () => {
  let owner: StartedRedisCluster;
  let other: StartedRedisCluster;
  beforeAll(async () => {
    owner = await startRedisCluster({ nodeTimeoutMs: 500, password: "secret" });
    // JSON, as if another process received it.
    other = await connectRedisCluster(JSON.parse(JSON.stringify(await owner.share())));
  });
  afterAll(async () => {
    await other.stop();
    await owner.stop();
  });

  test("is the same for all handles", async () => {
    await other.client.set(KEY, "from the other");
    expect(await owner.client.get(KEY)).toBe("from the other");
    expect(other.startup.strategy).toBe("connected");
    expect(await other.check()).toMatchObject({ ok: true, problems: [] });
    expect(await other.share()).toEqual(await owner.share());
  });

  test("is checked by a new handle as soon as it is connected, also if a node answers late", async () => {
    await using _slow = await owner.slowCommands("node-5", 400);
    await using late = await connectRedisCluster(await owner.share());
    expect(await late.check()).toMatchObject({ ok: true, problems: [] });
  });

  test("accepts faults and resets from each handle, and knows earlier resets", async () => {
    const failover = await other.observeFailover(() => other.killPrimary(KEY), { withinMs: 15_000 });
    expect(failover.failed.name).toBe("node-1");
    expect((await other.reset()).strategy).toBe("repaired");
    {
      await using _lease = await owner.lease();
      // The first reset replaced the processes of two nodes. This no longer counts as a change.
      expect((await owner.reset()).strategy).toBe("cleaned");
      expect(await owner.client.set(KEY, "again")).toBe("OK");
    }
    {
      await using _lease = await other.lease();
      expect((await other.reset()).strategy).toBe("cleaned");
    }
    expect(await owner.client.get(KEY)).toBeNull();
  });

  describe("rejects calls with an aborted signal", () => {
    const wait = { signal: AbortSignal.abort("too late") };
    let fault: ActiveFault;
    let workload: Workload;
    beforeAll(async () => {
      await owner.reset();
      await other.reset();
      await owner.client.set(KEY, "stays");
      fault = await other.slowCommands("node-1", 5);
      workload = await other.startWorkload({ writers: 1 });
    });
    afterAll(async () => {
      await fault.heal();
      await owner.reset();
    });

    test("every method of a cluster is tested", () => {
      expect(methodNamesOf(other)).toEqual([...Object.keys(CALLS), ...OTHER_METHODS].toSorted());
    });

    test.each(Object.entries(CALLS))("cluster.%s rejects with WAIT_ABORTED", async (_, call) => {
      await expect(call(other, wait)).rejects.toMatchObject({ code: "WAIT_ABORTED" });
    });

    test.each<[call: string, act: () => Promise<unknown>]>([
      ["fault.heal", () => fault.heal(wait)],
      ["workload.stop", () => workload.stop(wait)],
      ["workload.waitForAcknowledged", () => workload.waitForAcknowledged(0, 0, wait)],
      ["node.state", () => other.node("node-0").state(wait)],
      ["node.logs", () => other.node("node-0").logs(wait)],
      ["node.logStream", () => other.node("node-0").logStream(wait)],
      ["connectRedisCluster", async () => await connectRedisCluster(await owner.share(), wait)],
      ["sweepOrphans", () => sweepOrphans(wait)],
    ])("%s rejects with WAIT_ABORTED", async (_, act) => {
      await expect(act()).rejects.toMatchObject({ code: "WAIT_ABORTED" });
    });

    test("startRedisCluster rejects with START_ABORTED", async () => {
      await expect(startRedisCluster(wait)).rejects.toMatchObject({ code: "START_ABORTED" });
    });

    test("none of these calls has had an effect", async () => {
      expect(other.activeFaults).toEqual([fault]);
      expect(other.history.faults).toHaveLength(1);
      expect(workload.stopped).toBe(false);
      for (const { name } of other.nodes) expect((await owner.node(name).state()).status).toBe("running");
      expect(await owner.check()).toMatchObject({ ok: true, problems: [] });
      expect(await owner.client.get(KEY)).toBe("stays");
      {
        // The lease is free.
        await using _lease = await owner.lease();
      }
      expect((await workload.stop()).lost).toEqual([]);
    });
  });

  test("is leased by one handle at a time", async () => {
    const order: string[] = [];
    const first = await owner.lease();
    const use = async (cluster: StartedRedisCluster, name: string): Promise<void> => {
      await using _lease = await cluster.lease();
      order.push(name);
    };
    const waiting = [use(other, "second"), use(owner, "third")];
    await expect(other.lease({ timeoutMs: 200 })).rejects.toMatchObject({ code: "WAIT_TIMEOUT" });
    expect(order).toEqual([]);
    await first[Symbol.asyncDispose]();
    await Promise.all(waiting);
    expect(order.toSorted()).toEqual(["second", "third"]);
  });

  test("can be leased after the process that held the lease was killed", async () => {
    const child = await startHolder(await owner.share());
    await expect(owner.lease({ timeoutMs: 300 })).rejects.toMatchObject({ code: "WAIT_TIMEOUT" });
    child.kill("SIGKILL");
    await using lease = await owner.lease({ timeoutMs: 5_000 });
    expect(lease).toBeDefined();
  });

  test("has no faults and workloads of a handle that has released its lease", async () => {
    const lease = await other.lease();
    await other.reset();
    await other.dropPackets("node-0", LOSS_SHARE);
    await other.pause("node-3");
    const workload = await other.startWorkload({ writers: 1 });
    expect(await listPacketFilters(owner.node("node-0").containerId)).toContain("trc_");
    await lease[Symbol.asyncDispose]();
    expect(workload.stopped).toBe(true);
    expect(other.activeFaults).toEqual([]);
    expect(await listPacketFilters(owner.node("node-0").containerId)).not.toContain("trc_");
    expect((await owner.node("node-3").state()).status).toBe("running");
    await owner.reset();
    await other.dropPackets("node-0", LOSS_SHARE);
    await lease[Symbol.asyncDispose]();
    expect(other.activeFaults).toHaveLength(1);
    await other.heal();
    // The healed fault does not count as active.
    expect(await owner.reset()).toMatchObject({ strategy: "cleaned" });
  });

  test("has no ongoing calls and observations of a handle that released its lease", async () => {
    const lease = await other.lease();
    await other.reset();
    const observation = other.observeFailover(async () => {}, { withinMs: 60_000 });
    await other.kill("node-3");
    const calls = [
      observation,
      other.waitUntilHealthy({ timeoutMs: 60_000 }),
      other.observeFailover(() => new Promise(() => {}), { withinMs: 60_000 }),
    ].map((call) => call.then(String, ({ code }: { readonly code: string }) => code));
    // The end of the lease does not end a call that waits for the next lease.
    const next = other.lease({ timeoutMs: 30_000 });
    await lease[Symbol.asyncDispose]();
    expect(await Promise.all(calls)).toEqual(["TURN_OVER", "TURN_OVER", "TURN_OVER"]);
    await (await next)[Symbol.asyncDispose]();
    {
      await using _lease = await owner.lease();
      expect(await owner.reset()).toMatchObject({ strategy: "repaired", restarted: ["node-3"] });
      // The probes of an observation that had not ended would write keys.
      const sizes = await Promise.all(owner.nodes.map(({ client }) => client.dbsize()));
      expect(sizes).toEqual(owner.nodes.map(() => 0));
    }
    // The handle can still be used.
    expect((await other.view()).views).toHaveLength(6);
  });

  test("has no fault of a killed process after the next reset", async () => {
    const child = await startHolder(
      await owner.share(),
      `await cluster.dropPackets("node-3", ${LOSS_SHARE});`,
    );
    child.kill("SIGKILL");
    await using _lease = await other.lease();
    expect(await listPacketFilters(owner.node("node-3").containerId)).toContain("trc_");
    const report = await other.reset();
    expect(report).toMatchObject({ strategy: "repaired", restarted: ["node-3"] });
    expect(report.reason).toContain("a network fault of node-3 was not reverted");
    expect(await listPacketFilters(owner.node("node-3").containerId)).not.toContain("trc_");
    expect(await other.reset()).toMatchObject({ strategy: "cleaned" });
  });

  test("rejects a network fault that cannot be reported to the owner", async () => {
    const shared = await owner.share();
    await using relay = await startRelayWithout("note", shared.lease.port);
    await using handle = await connectRedisCluster({
      ...shared,
      lease: { ...shared.lease, port: relay.port },
    });
    const error: unknown = await handle.isolate("node-0", { timeoutMs: 30_000 }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(RedisClusterError);
    expect(error).toMatchObject({ code: "WAIT_TIMEOUT" });
    expect(String(error)).toContain("Reporting a network fault to the process that started");
    expect(await listPacketFilters(handle.node("node-0").containerId)).not.toContain("trc_");
  });

  test("has no faults of a handle that was stopped", async () => {
    const guest = await connectRedisCluster(await owner.share());
    await guest.dropPackets("node-1", LOSS_SHARE);
    await guest.stop();
    expect(await listPacketFilters(owner.node("node-1").containerId)).not.toContain("trc_");
    // The lease also updates the ports of nodes that other handles have restarted.
    await using _lease = await owner.lease();
    expect(await owner.reset()).toMatchObject({ strategy: "cleaned" });
  });

  test("continues after other handles stop, and rejects a handle with a wrong token", async () => {
    const shared = await owner.share();
    const guest = await connectRedisCluster(shared);
    await guest.stop();
    expect(await owner.client.ping()).toBe("PONG");
    const forged = { ...shared, lease: { ...shared.lease, token: "0".repeat(32) } };
    await expect(connectRedisCluster(forged)).rejects.toMatchObject({ code: "CLUSTER_STOPPED" });
  });
});

test("a connected handle saves evidence to the folder of the owner", async () => {
  const evidenceDir = await mkdtemp(join(tmpdir(), "trc-evidence-"));
  onTestFinished(() => rm(evidenceDir, { recursive: true, force: true }));
  await using owner = await startRedisCluster({ nodes: 3, replicas: 0, evidenceDir });
  await using other = await connectRedisCluster(await owner.share());
  expect(dirname(await other.saveEvidence())).toBe(evidenceDir);
});

test("log streams end with the container, and a stopped cluster rejects connections", async () => {
  const owner = await startRedisCluster({ nodes: 3, replicas: 0 });
  await using _stopped = owner;
  const shared = await owner.share();
  // The stream continues until the container ends, and contains both output streams of the container.
  const wholeLog = text(await owner.node("node-0").logStream());
  const futureLog = await owner.node("node-1").logStream({ since: Date.now() / 1000 + 3_600 });
  await owner.shutdown("node-0");
  expect(await wholeLog).toMatch(/Ready to accept connections[^]*(?:SIGTERM|shutdown)/);
  expect(futureLog.closed).toBe(false);
  const futureText = text(futureLog);
  await owner.stop();
  expect(await futureText).toBe("");
  await expect(owner.node("node-0").logStream()).rejects.toMatchObject({ code: "ENGINE_FAILED" });
  await expect(owner.node("node-0").logs()).rejects.toMatchObject({ code: "ENGINE_FAILED" });
  await expect(connectRedisCluster(shared)).rejects.toMatchObject({
    code: "CLUSTER_STOPPED",
    message: expect.stringContaining(shared.redisCluster),
  });
});
