import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  connectRedisCluster,
  type StartedRedisCluster,
  startRedisCluster,
} from "testcontainers-redis-cluster";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const KEY = "order:42";

/** A process that takes the lease, says so, and holds it until it dies. */
const HOLDER = `
import { connectRedisCluster } from "testcontainers-redis-cluster";
const cluster = await connectRedisCluster(JSON.parse(process.env.SHARED));
await cluster.lease();
console.log("held");
setInterval(() => {}, 1000);
`;

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
    const child = spawn(process.execPath, ["--input-type=module", "-e", HOLDER], {
      cwd: import.meta.dirname,
      env: { ...process.env, SHARED: JSON.stringify(await owner.share()) },
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    await expect(owner.lease({ timeoutMs: 300 })).rejects.toMatchObject({ code: "WAIT_TIMEOUT" });
    child.kill("SIGKILL");
    await using lease = await owner.lease({ timeoutMs: 5_000 });
    expect(lease).toBeDefined();
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

test("a cluster whose owner has gone cannot be connected to, and the error says so", async () => {
  const owner = await startRedisCluster({ nodes: 3, replicas: 0 });
  const shared = await owner.share();
  await owner.stop();
  await expect(connectRedisCluster(shared)).rejects.toMatchObject({
    code: "CLUSTER_STOPPED",
    message: expect.stringContaining(shared.redisCluster),
  });
});
