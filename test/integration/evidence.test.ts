import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RedisClusterError, startRedisCluster } from "testcontainers-redis-cluster";
import { afterEach, beforeEach, expect, test } from "vitest";
import { expectNoLeftovers } from "../support/expect-no-leftovers.ts";

const KEY = "order:42";

expectNoLeftovers();

let base: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "evidence-"));
});
afterEach(async () => {
  await rm(base, { recursive: true, force: true });
});

async function read(folder: string, name: string): Promise<string> {
  return await readFile(join(folder, name), "utf8");
}

async function readAll(folder: string): Promise<string> {
  const names = await readdir(folder);
  return (await Promise.all(names.map((name) => read(folder, name)))).join("\n");
}

async function errorOf(action: Promise<unknown>): Promise<RedisClusterError> {
  return await action.then(
    () => {
      throw new Error("expected a rejection, but the action resolved");
    },
    (error: unknown) => error as RedisClusterError,
  );
}

test("a failed start writes evidence before it removes its containers", async () => {
  const error = await errorOf(
    startRedisCluster({
      evidenceDir: base,
      password: "hunter2000",
      config: { "no-such-directive": "1", user: "app on >secret-of-app ~* +@all" },
    }),
  );
  expect(error.code).toBe("NODE_EXITED");
  // Test runners print the message, so it contains the last lines of the server's log.
  expect(error.message).toContain("no-such-directive");
  expect(JSON.stringify([error.message, error.details])).not.toMatch(/hunter2000|secret-of-app/);
  const [name] = await readdir(base);
  const folder = join(base, name as string);
  expect(error.message.endsWith(`\nEvidence: ${folder}`)).toBe(true);
  expect(error.details["evidence"]).toBe(folder);
  expect(await read(folder, "README.txt")).toMatch(/exited \(exit code 1\) +node-\d: silent/);
  expect(await read(folder, "error.txt")).toMatch(/^NODE_EXITED: /);
  expect(await read(folder, "log.txt")).toContain("no-such-directive");
  const text = await readAll(folder);
  expect(text).not.toContain("hunter2000");
  expect(text).not.toContain("secret-of-app");
});

test("the evidence contains a killed node, its failover and a wait that failed", async () => {
  await using cluster = await startRedisCluster({ nodeTimeoutMs: 500, evidenceDir: base });
  const workload = await cluster.startWorkload({ writers: 2, seed: 7 });
  const primary = await cluster.primaryOf(KEY);
  const failover = await cluster.observeFailover(() => cluster.kill(primary), { withinMs: 20_000 });
  const ledger = await workload.stop();
  expect(cluster.history.faults).toMatchObject([
    { kind: "kill", nodes: [primary.name], healedAt: undefined },
  ]);
  expect(cluster.history.failovers).toEqual([failover]);
  expect(cluster.history.ledgers).toEqual([ledger]);
  expect(cluster.history.seeds).toMatchObject([{ what: "workload", seed: 7 }]);
  expect(await readdir(base)).toEqual([]);

  const error = await errorOf(cluster.waitUntilHealthy({ timeoutMs: 300 }));
  expect(error.code).toBe("WAIT_TIMEOUT");
  const folderOfWait = String(error.details["evidence"]);
  expect(error.message.endsWith(`\nEvidence: ${folderOfWait}`)).toBe(true);
  expect(cluster.history.errors).toMatchObject([
    { phase: "Waiting for a healthy cluster", code: "WAIT_TIMEOUT" },
  ]);

  const nothing = await errorOf(cluster.observeFailover(async () => {}, { withinMs: 50 }));
  expect(nothing).toMatchObject({ code: "FAILOVER_TIMEOUT", details: { state: { withinMs: 50 } } });
  expect(await read(String(nothing.details["evidence"]), "README.txt")).toContain("Observing a failover");

  const startedAt = performance.now();
  const folder = await cluster.saveEvidence(join(base, "mine"), { title: "an order survives", error });
  expect(performance.now() - startedAt).toBeLessThan(5_000);
  expect(folder).toBe(join(base, "mine"));
  for (const savedFolder of [folderOfWait, folder]) {
    expect(await read(savedFolder, "nodes.txt")).toMatch(
      new RegExp(`^exited \\(exit code 137\\) +${primary.name}: silent`, "m"),
    );
    expect(await read(savedFolder, "timeline.txt")).toContain(`kill: ${primary.name} killed with SIGKILL`);
    expect(await read(savedFolder, "timeline.txt")).toContain(`${primary.name} → ${failover.promoted.name}`);
    expect(JSON.parse(await read(savedFolder, "failovers.json"))).toMatchObject([
      { promoted: { name: failover.promoted.name } },
    ]);
    expect(JSON.parse(await read(savedFolder, "ledgers.json"))).toMatchObject([{ seed: 7 }]);
  }
  expect(await read(folder, "README.txt")).toContain("Evidence: an order survives");

  await cluster.heal();
  expect(cluster.history.faults[0]?.healedAt).toBeGreaterThan(failover.since);
});

test("log.txt contains the lines of all nodes, with node names, in the order of time", async () => {
  await using cluster = await startRedisCluster({ nodes: 3, replicas: 0 });
  const folder = await cluster.saveEvidence(join(base, "healthy"));
  const lines = (await read(folder, "log.txt")).trimEnd().split("\n");
  const stamps = lines.map((line) => line.slice(0, 24));
  expect(stamps.every((stamp) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(stamp))).toBe(true);
  expect(stamps).toEqual(stamps.toSorted());
  expect(new Set(lines.map((line) => line.slice(25, 31)))).toEqual(new Set(["node-0", "node-1", "node-2"]));
  expect(await read(folder, "README.txt")).toMatch(/running +node-0: primary of 0-5460/);
  expect(JSON.parse(await read(folder, "views.json"))).toMatchObject({ check: { ok: true } });
  const versions = JSON.parse(await read(folder, "versions.json")) as Record<string, string>;
  for (const name of ["testcontainers-redis-cluster", "testcontainers", "node-0"]) {
    expect(versions[name]).toMatch(/\d+\.\d+\.\d+/);
  }
});

test("the evidence contains no secret of options, commands, errors or its title", async () => {
  const password = 'it\'s "quoted" \\ and $long.*';
  await using cluster = await startRedisCluster({
    nodes: 3,
    replicas: 0,
    password,
    config: { user: "app on >secret-of-app ~* +@all" },
  });
  const { client } = cluster.node("node-0");
  await client.call("ACL", "SETUSER", "late", "on", ">secret-of-late", "~*", "+@all");
  const rejected = await errorOf(client.auth("late", "secret-of-nobody"));
  const error = new AggregateError(
    [rejected, await errorOf(client.call("ACL", "SETUSER", "late", ">secret-of-rule", "+no-such-command"))],
    `redis://late:secret-of-late@node-0 and ${JSON.stringify({ password })}`,
  );
  const folder = await cluster.saveEvidence(join(base, "secrets"), { title: `for ${password}`, error });
  const text = await readAll(folder);
  for (const secret of [
    password,
    "quoted",
    "$long",
    "secret-of-app",
    "secret-of-late",
    "secret-of-nobody",
    "secret-of-rule",
  ]) {
    expect(text).not.toContain(secret);
  }
  expect(text).toContain("requirepass ***");
});

test("a failed start reports its cause even if evidence cannot be written", async () => {
  const notAFolder = new URL(import.meta.url).pathname;
  const error = await errorOf(
    startRedisCluster({ evidenceDir: notAFolder, config: { "no-such-directive": "1" } }),
  );
  expect(error.code).toBe("NODE_EXITED");
  expect(error.message).toContain("no-such-directive");
  expect(error.message).toMatch(/\nThe evidence could not be written: .*$/);
});
