import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { promisify } from "node:util";
import { startRedisCluster } from "testcontainers-redis-cluster";
import { afterAll, expect, test } from "vitest";
import { leftovers } from "../support/engine.ts";
import { ChildProgram } from "../support/child-program.ts";

// What only root can do to the machine that the tests run on: routes, and processes of users that nobody knows. It needs
// Linux and root: see vitest.config.ts.

const run = promisify(execFile);

afterAll(async () => {
  expect(await leftovers()).toEqual([]);
});

/** Routes that lead nowhere, as a VPN's for the same ranges would, until they are disposed of. */
async function routesOver(...ranges: readonly string[]): Promise<AsyncDisposable> {
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

test("a cluster avoids 10.0.0.0/8 while a route covers it, and takes it on request", async () => {
  await using _routes = await routesOver("10.0.0.0/8");
  await using cluster = await startRedisCluster({ nodes: 3, replicas: 0 });
  expect(cluster.network.subnet).toMatch(/^172\.16\./);
  expect(await cluster.client.set("order:42", "paid")).toBe("OK");
  await using wished = await startRedisCluster({ nodes: 3, replicas: 0, subnet: "10.79.3.0/24" });
  expect(await wished.client.set("order:42", "paid")).toBe("OK");
});

test("a cluster starts while routes cover all private ranges", async () => {
  await using _routes = await routesOver("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16");
  await using cluster = await startRedisCluster({ nodes: 3, replicas: 0 });
  expect(cluster.network.subnet).toMatch(/^10\./);
  expect(await cluster.client.set("order:42", "paid")).toBe("OK");
});

test("a cluster starts for a user without passwd entry, in a deleted folder", async () => {
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
    process.on("unhandledRejection", (error) => console.log("unheard", JSON.stringify(String(error))));
    const without = () => { try { return userInfo().uid } catch { return "no entry" } };
    const before = without();
    const cluster = await startRedisCluster({ nodes: 3, replicas: 0 });
    console.log("up", JSON.stringify({ before, after: without(), set: await cluster.client.set("order:42", "paid") }));
    await cluster.stop();`,
  );
  expect(await program.waitForReport("up")).toEqual({ before: "no entry", after: "no entry", set: "OK" });
  expect(await program.ended).toEqual({ code: 0, signal: null });
  expect(program.lastLine).toMatch(/^up /);
});
