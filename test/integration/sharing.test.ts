import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  connectRedisCluster,
  type SharedCluster,
  type StartedRedisCluster,
  startRedisCluster,
} from "testcontainers-redis-cluster";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { filtersIn } from "../support/network-helpers.ts";

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
    expect(await filtersIn(owner.node("node-0").containerId)).toContain("trc_");
    await lease[Symbol.asyncDispose]();
    expect(workload.stopped).toBe(true);
    expect(other.activeFaults).toEqual([]);
    expect(await filtersIn(owner.node("node-0").containerId)).not.toContain("trc_");
    expect((await owner.node("node-3").state()).status).toBe("running");
    await owner.reset();
    await other.loss("node-0", SHARE);
    await lease[Symbol.asyncDispose]();
    expect(other.activeFaults).toHaveLength(1);
    await other.heal();
    // Nobody takes it for one that is still in force.
    expect(await owner.reset()).toMatchObject({ way: "cleaned" });
  });

  test("is rid of a fault that nothing shows and whose holder is dead by the next reset", async () => {
    const child = await startHolder(await owner.share(), `await cluster.loss("node-3", ${SHARE});`);
    child.kill("SIGKILL");
    await using _lease = await other.lease();
    expect(await filtersIn(owner.node("node-3").containerId)).toContain("trc_");
    const report = await other.reset();
    expect(report).toMatchObject({ way: "mended", restarted: ["node-3"] });
    expect(report.because).toContain("a fault in the network of node-3 was not taken back");
    expect(await filtersIn(owner.node("node-3").containerId)).not.toContain("trc_");
    expect(await other.reset()).toMatchObject({ way: "cleaned" });
  });

  test("is left without its faults by a handle that is stopped", async () => {
    const guest = await connectRedisCluster(await owner.share());
    await guest.loss("node-1", SHARE);
    await guest.stop();
    expect(await filtersIn(owner.node("node-1").containerId)).not.toContain("trc_");
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
  await owner.stop();
  await expect(connectRedisCluster(shared)).rejects.toMatchObject({
    code: "CLUSTER_STOPPED",
    message: expect.stringContaining(shared.redisCluster),
  });
});
