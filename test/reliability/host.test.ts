import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { promisify } from "node:util";
import { startRedisCluster } from "testcontainers-redis-cluster";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ChildProgram } from "../support/child-program.ts";
import { leftovers } from "../support/engine.ts";

// Tests that change the routes of this machine or run programs as an unknown user. They need Linux and root: see
// vitest.config.ts.

const run = promisify(execFile);

afterAll(async () => {
  expect(await leftovers()).toEqual([]);
});

/** Adds blackhole routes for the ranges, which have the effect of a VPN's routes. They are removed on disposal. */
async function addRoutes(...ranges: readonly string[]): Promise<AsyncDisposable> {
  const added: string[] = [];
  const remove = async (): Promise<void> => {
    for (const range of added) await run("ip", ["route", "del", "blackhole", range, "metric", "5000"]);
  };
  try {
    for (const range of ranges) {
      await run("ip", ["route", "add", "blackhole", range, "metric", "5000"]);
      added.push(range);
    }
  } catch (error) {
    await remove();
    throw error;
  }
  return { [Symbol.asyncDispose]: remove };
}

test("a cluster avoids 10.0.0.0/8 if a route covers it, unless the options request it", async () => {
  await using _routes = await addRoutes("10.0.0.0/8");
  await using cluster = await startRedisCluster({ nodes: 3, replicas: 0 });
  expect(cluster.network.subnet).toMatch(/^172\.16\./);
  expect(await cluster.client.set("order:42", "paid")).toBe("OK");
  await using requested = await startRedisCluster({ nodes: 3, replicas: 0, subnet: "10.79.3.0/24" });
  expect(await requested.client.set("order:42", "paid")).toBe("OK");
});

test("a cluster starts if routes cover all private ranges", async () => {
  await using _routes = await addRoutes("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16");
  await using cluster = await startRedisCluster({ nodes: 3, replicas: 0 });
  expect(cluster.network.subnet).toMatch(/^10\./);
  expect(await cluster.client.set("order:42", "paid")).toBe("OK");
});

describe("if a packet filter of this host drops packets to the nodes", () => {
  const SUBNET = "10.83.7.0/24";
  const USER = 54321;
  // Only for one user, because the engine's proxies for published ports send such packets too.
  const RULE = ["OUTPUT", "--destination", SUBNET, "--match", "owner", "--uid-owner", String(USER)];

  beforeAll(async () => {
    await run("iptables", ["--insert", ...RULE, "--jump", "DROP"]);
  });
  afterAll(async () => {
    await run("iptables", ["--delete", ...RULE, "--jump", "DROP"]);
  });

  const startAsUser = async (body: string): Promise<ChildProgram> => {
    const { gid } = await stat("/var/run/docker.sock");
    return new ChildProgram(`
      process.setgroups([]);
      process.setgid(${gid});
      process.setuid(${USER});
      ${body}`);
  };

  test("a start publishes ports, and later starts do so at once", async () => {
    await using program = await startAsUser(`
      for (const attempt of [1, 2]) {
        const cluster = await startRedisCluster({ nodes: 3, replicas: 0, subnet: "${SUBNET}" });
        const { access, accessFallbackReason, totalMs } = cluster.startup;
        const read = await cluster.client.set("order:42", "paid");
        await cluster.stop();
        console.log("start" + attempt, JSON.stringify({ access, accessFallbackReason, totalMs, read }));
      }`);
    const expected = {
      access: "published",
      accessFallbackReason: expect.stringMatching(
        /^node-\d is ready, but this host does not reach it at 10\.83\.7\./,
      ),
      read: "OK",
    };
    const first = await program.waitForReport("start1");
    const second = await program.waitForReport("start2");
    expect(first).toMatchObject(expected);
    expect(second).toMatchObject(expected);
    expect(Number(second["totalMs"])).toBeLessThan(Number(first["totalMs"]));
    expect(await program.ended).toEqual({ code: 0, signal: null });
  });

  test("a start with a requested direct access names it", async () => {
    await using program = await startAsUser(`
      await startRedisCluster({ nodes: 3, replicas: 0, subnet: "${SUBNET}", access: "direct" })
        .catch(({ code, message }) => console.log("failed", JSON.stringify({ code, message })));`);
    expect(await program.waitForReport("failed")).toEqual({
      code: "DIRECT_ACCESS_UNAVAILABLE",
      message: expect.stringMatching(/is ready, but this host does not reach it at 10\.83\.7\.\d+:6379/),
    });
  });
});

test("a cluster starts for a user without passwd entry and in a deleted folder", async () => {
  const { gid } = await stat("/var/run/docker.sock");
  await using program = new ChildProgram(
    `import { mkdtempSync, rmdirSync } from "node:fs";
    import { userInfo } from "node:os";
    process.setgroups([]);
    process.setgid(${gid});
    process.setuid(54321);
    const folder = mkdtempSync("/tmp/trc-deleted-");
    process.chdir(folder);
    rmdirSync(folder);
    process.on("unhandledRejection", (error) => console.log("unhandled", JSON.stringify(String(error))));
    const readUid = () => { try { return userInfo().uid } catch { return "no entry" } };
    const before = readUid();
    const cluster = await startRedisCluster({ nodes: 3, replicas: 0 });
    console.log("up", JSON.stringify({ before, after: readUid(), set: await cluster.client.set("order:42", "paid") }));
    await cluster.stop();`,
  );
  expect(await program.waitForReport("up")).toEqual({ before: "no entry", after: "no entry", set: "OK" });
  expect(await program.ended).toEqual({ code: 0, signal: null });
  expect(program.lastLine).toMatch(/^up /);
});
