import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import {
  connectRedisCluster,
  RedisClusterError,
  type SharedCluster,
  type StartedRedisCluster,
  startRedisCluster,
  sweepOrphans,
} from "testcontainers-redis-cluster";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { listPacketFilters } from "../support/network-helpers.ts";

const KEY = "order:42";

/** So few lost packets that nothing but the packet filter itself shows them. */
const SHARE = 0.001;

/** Starts a process that takes the lease, does something, and goes on holding the lease; returns when it does. */
async function startHolder(shared: SharedCluster, act = ""): Promise<ChildProcess> {
  const source = `
    import { connectRedisCluster } from "testcontainers-redis-cluster";
    const cluster = await connectRedisCluster(JSON.parse(process.env.SHARED));
    await cluster.lease();
    ${act}
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

/** Hands on what handles ask of the process that started the cluster, but for one kind of question, which it keeps. */
async function deafTo(ask: string, port: number): Promise<AsyncDisposable & { readonly port: number }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const owner = connect({ host: "127.0.0.1", port });
    socket.on("data", (chunk) => {
      if (!String(chunk).includes(`"ask":"${ask}"`)) owner.write(chunk);
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

type Waiting = { readonly signal: AbortSignal };

/** Every public call that takes a signal. A test compares the names with the methods that there are. */
const CALLS: Readonly<Record<string, (cluster: StartedRedisCluster, wait: Waiting) => Promise<unknown>>> = {
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
  killMaster: (cluster, wait) => cluster.killMaster(KEY, wait),
  stopNode: (cluster, wait) => cluster.stopNode("node-0", wait),
  restart: (cluster, wait) => cluster.restart("node-0", { ...wait, data: "wiped" }),
  pause: (cluster, wait) => cluster.pause("node-0", wait),
  resume: (cluster, wait) => cluster.resume("node-0", wait),
  partition: (cluster, wait) => cluster.partition([["node-0"], "rest"], wait),
  isolate: (cluster, wait) => cluster.isolate("node-0", wait),
  loss: (cluster, wait) => cluster.loss("node-0", 0.5, wait),
  delay: (cluster, wait) => cluster.delay("node-0", 50, wait),
  slowCommands: (cluster, wait) => cluster.slowCommands("node-0", 20, wait),
  freezeReplication: (cluster, wait) => cluster.freezeReplication({ replicaOf: KEY }, wait),
  failover: (cluster, wait) => cluster.failover({ replicaOf: KEY }, wait),
  heal: (cluster, wait) => cluster.heal(wait),
  connect: (cluster, wait) => cluster.connect({}, wait),
  observeFailover: (cluster, wait) => cluster.observeFailover(() => cluster.kill("node-0"), wait),
  expectedFailoverMs: (cluster, wait) => cluster.expectedFailoverMs(wait),
  startWorkload: (cluster, wait) => cluster.startWorkload({}, wait),
  share: (cluster, wait) => cluster.share(wait),
  lease: (cluster, wait) => cluster.lease(wait),
  reset: (cluster, wait) => cluster.reset(wait),
  stop: (cluster, wait) => cluster.stop(wait),
};

/** Methods that wait for nothing, and `saveEvidence`, which writes what is known when its signal aborts. */
const WITHOUT_WAIT: readonly string[] = ["node", "clientOptions", "credentials", "saveEvidence"];

/** The public methods of an object: those that its class and the classes above it declare for users. */
function methodsOf(cluster: StartedRedisCluster): readonly string[] {
  const internal = new Set([
    ...[
      "constructor",
      "announced",
      "aim",
      "aimAtPrimary",
      "apply",
      "ask",
      "bound",
      "closeClients",
      "deadline",
    ],
    ...[
      "dropClients",
      "endObservations",
      "endResets",
      "endUse",
      "endWorkloads",
      "enter",
      "failed",
      "failedForGood",
      "inForce",
      "interrupt",
    ],
    ...["leave", "lend", "look", "noLonger", "refuseStopped", "releaseFaults", "renewClient", "ownerNow"],
    ...["refuseHopeless", "repairing", "standing", "takeBackFaults", "waitFor", "within"],
  ]);
  const names: string[] = [];
  for (
    let each = Object.getPrototypeOf(cluster);
    each !== Object.prototype;
    each = Object.getPrototypeOf(each)
  ) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(each))) {
      if (typeof value === "function" && !internal.has(name)) names.push(name);
    }
  }
  return [...new Set(names)].toSorted();
}

describe("a shared cluster", () => {
  let owner: StartedRedisCluster;
  let other: StartedRedisCluster;
  beforeAll(async () => {
    owner = await startRedisCluster({ nodeTimeoutMs: 500, password: "secret" });
    // As it would go to another process.
    other = await connectRedisCluster(JSON.parse(JSON.stringify(await owner.share())));
  });
  afterAll(async () => {
    await other.stop();
    await owner.stop();
  });

  test("is the same one in every handle", async () => {
    await other.client.set(KEY, "from the other");
    expect(await owner.client.get(KEY)).toBe("from the other");
    expect(other.startup.way).toBe("connected");
    expect(await other.check()).toMatchObject({ ok: true });
    expect(await other.share()).toEqual(await owner.share());
  });

  test("can be broken and reset by either, and each knows what the other's reset left", async () => {
    const failover = await other.observeFailover(() => other.killMaster(KEY), { withinMs: 15_000 });
    expect(failover.failed.name).toBe("node-1");
    expect((await other.reset()).way).toBe("mended");
    {
      await using _lease = await owner.lease();
      // Other processes run in two nodes now, and that is no trace any more.
      expect((await owner.reset()).way).toBe("cleaned");
      expect(await owner.client.set(KEY, "again")).toBe("OK");
    }
    {
      await using _lease = await other.lease();
      expect((await other.reset()).way).toBe("cleaned");
    }
    expect(await owner.client.get(KEY)).toBeNull();
  });

  test("rejects every call whose signal is already aborted, and nothing is done", async () => {
    expect(methodsOf(other)).toEqual([...Object.keys(CALLS), ...WITHOUT_WAIT].toSorted());
    await owner.reset();
    await other.reset();
    await owner.client.set(KEY, "stays");
    const fault = await other.slowCommands("node-1", 5);
    const workload = await other.startWorkload({ writers: 1 });
    const wait = { signal: AbortSignal.abort("too late") };
    const refused = expect.objectContaining({ code: "WAIT_ABORTED" });
    for (const [name, call] of Object.entries(CALLS)) {
      await expect(call(other, wait), name).rejects.toEqual(refused);
    }
    const node = other.node("node-0");
    const calls = [
      fault.heal(wait),
      workload.stop(wait),
      workload.waitForAcknowledged(0, 0, wait),
      node.state(wait),
      node.logs(wait),
      node.logStream(wait),
      connectRedisCluster(await owner.share(), wait),
      sweepOrphans(wait),
    ];
    for (const call of calls) await expect(call).rejects.toEqual(refused);
    await expect(startRedisCluster(wait)).rejects.toMatchObject({ code: "START_ABORTED" });
    expect(other.activeFaults).toEqual([fault]);
    expect(other.history.faults).toHaveLength(1);
    expect(workload.stopped).toBe(false);
    for (const { name } of other.nodes) expect((await owner.node(name).state()).status).toBe("running");
    expect(await owner.check()).toMatchObject({ ok: true });
    expect(await owner.client.get(KEY)).toBe("stays");
    {
      // Nobody has taken it.
      await using _lease = await owner.lease();
    }
    expect((await workload.stop()).lost).toEqual([]);
    await fault.heal();
    await owner.reset();
  });

  test("is had by one at a time, in the order in which they asked", async () => {
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

  test("is free again when its holder dies", async () => {
    const child = await startHolder(await owner.share());
    await expect(owner.lease({ timeoutMs: 300 })).rejects.toMatchObject({ code: "WAIT_TIMEOUT" });
    child.kill("SIGKILL");
    await using lease = await owner.lease({ timeoutMs: 5_000 });
    expect(lease).toBeDefined();
  });

  test("is given back without its holder's faults and workloads", async () => {
    const lease = await other.lease();
    await other.reset();
    await other.loss("node-0", SHARE);
    await other.pause("node-3");
    const workload = await other.startWorkload({ writers: 1 });
    expect(await listPacketFilters(owner.node("node-0").containerId)).toContain("trc_");
    await lease[Symbol.asyncDispose]();
    expect(workload.stopped).toBe(true);
    expect(other.activeFaults).toEqual([]);
    expect(await listPacketFilters(owner.node("node-0").containerId)).not.toContain("trc_");
    expect((await owner.node("node-3").state()).status).toBe("running");
    await owner.reset();
    await other.loss("node-0", SHARE);
    await lease[Symbol.asyncDispose]();
    expect(other.activeFaults).toHaveLength(1);
    await other.heal();
    // Nobody takes it for one that is still in force.
    expect(await owner.reset()).toMatchObject({ way: "cleaned" });
  });

  test("is given back without its holder's observations and calls that are under way", async () => {
    const lease = await other.lease();
    await other.reset();
    const observation = other.observeFailover(async () => {}, { withinMs: 60_000 });
    await other.kill("node-3");
    const calls = [
      observation,
      other.waitUntilHealthy({ timeoutMs: 60_000 }),
      other.observeFailover(() => new Promise(() => {}), { withinMs: 60_000 }),
    ].map((call) => call.then(String, ({ code }: { readonly code: string }) => code));
    // A wait for the lease is not made under it.
    const next = other.lease({ timeoutMs: 30_000 });
    await lease[Symbol.asyncDispose]();
    expect(await Promise.all(calls)).toEqual(["TURN_OVER", "TURN_OVER", "TURN_OVER"]);
    await (await next)[Symbol.asyncDispose]();
    {
      await using _lease = await owner.lease();
      expect(await owner.reset()).toMatchObject({ way: "mended", restarted: ["node-3"] });
      // A probe that still wrote would leave keys.
      const sizes = await Promise.all(owner.nodes.map(({ client }) => client.dbsize()));
      expect(sizes).toEqual(owner.nodes.map(() => 0));
    }
    // The handle itself goes on.
    expect((await other.view()).views).toHaveLength(6);
  });

  test("is rid of a fault that nothing shows and whose holder is dead by the next reset", async () => {
    const child = await startHolder(await owner.share(), `await cluster.loss("node-3", ${SHARE});`);
    child.kill("SIGKILL");
    await using _lease = await other.lease();
    expect(await listPacketFilters(owner.node("node-3").containerId)).toContain("trc_");
    const report = await other.reset();
    expect(report).toMatchObject({ way: "mended", restarted: ["node-3"] });
    expect(report.because).toContain("a network fault of node-3 was not reverted");
    expect(await listPacketFilters(owner.node("node-3").containerId)).not.toContain("trc_");
    expect(await other.reset()).toMatchObject({ way: "cleaned" });
  });

  test("applies no fault if its owner takes no report of it, and says so", async () => {
    const shared = await owner.share();
    await using relay = await deafTo("note", shared.lease.port);
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

  test("is left without its faults by a handle that is stopped", async () => {
    const guest = await connectRedisCluster(await owner.share());
    await guest.loss("node-1", SHARE);
    await guest.stop();
    expect(await listPacketFilters(owner.node("node-1").containerId)).not.toContain("trc_");
    // It also finds the nodes that others have started again, which have other ports.
    await using _lease = await owner.lease();
    expect(await owner.reset()).toMatchObject({ way: "cleaned" });
  });

  test("outlives the other handles, and takes no one in without the token", async () => {
    const shared = await owner.share();
    const guest = await connectRedisCluster(shared);
    await guest.stop();
    expect(await owner.client.ping()).toBe("PONG");
    const forged = { ...shared, lease: { ...shared.lease, token: "0".repeat(32) } };
    await expect(connectRedisCluster(forged)).rejects.toMatchObject({ code: "CLUSTER_STOPPED" });
  });
});

test("a connected handle has its owner's folder for evidence; once the owner has gone there is no connecting, and the error says so", async () => {
  const evidenceDir = await mkdtemp(join(tmpdir(), "trc-evidence-"));
  onTestFinished(() => rm(evidenceDir, { recursive: true, force: true }));
  const owner = await startRedisCluster({ nodes: 3, replicas: 0, evidenceDir });
  const shared = await owner.share();
  const other = await connectRedisCluster(shared);
  expect(dirname(await other.saveEvidence())).toBe(evidenceDir);
  await other.stop();

  // The log goes on until the container ends, in both of its streams.
  const whole = text(await owner.node("node-0").logStream());
  const unread = await owner.node("node-1").logStream({ since: Date.now() / 1000 + 3_600 });
  await owner.stopNode("node-0");
  expect(await whole).toMatch(/Ready to accept connections[^]*(?:SIGTERM|shutdown)/);
  expect(unread.closed).toBe(false);
  const ended = text(unread);
  await owner.stop();
  expect(await ended).toBe("");
  await expect(owner.node("node-0").logStream()).rejects.toMatchObject({ code: "ENGINE_FAILED" });
  await expect(owner.node("node-0").logs()).rejects.toMatchObject({ code: "ENGINE_FAILED" });
  await expect(connectRedisCluster(shared)).rejects.toMatchObject({
    code: "CLUSTER_STOPPED",
    message: expect.stringContaining(shared.redisCluster),
  });
});
