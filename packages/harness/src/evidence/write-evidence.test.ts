import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { RedisClusterError } from "../errors.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import { planCluster } from "../plan/plan-cluster.ts";
import { parseSubnet } from "../plan/subnet.ts";
import { validateOptions } from "../plan/validate-options.ts";
import { collectEvidence } from "./collect-evidence.ts";
import type { EvidenceNode, EvidenceSource } from "./evidence.ts";
import { ClusterHistory } from "./cluster-history.ts";
import { saveEvidence } from "./save-evidence.ts";
import { withEvidence } from "./with-evidence.ts";
import { writeEvidence } from "./write-evidence.ts";

const PASSWORD = 'it\'s "quoted" \\ and $long.*';
const FILES = [
  ...["README.txt", "error.txt", "failovers.json", "history.json", "ledgers.json", "log.txt", "nodes.txt"],
  ...["plan.json", "timeline.txt", "versions.json", "views.json"],
];

let base: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "evidence-"));
});
afterEach(async () => {
  await chmod(base, 0o755);
  await rm(base, { recursive: true });
});

const plan: ClusterPlan = planCluster(
  validateOptions(
    { nodes: 3, replicas: 0, password: PASSWORD, config: { user: "app on >hunter2 ~* +@all" } },
    {},
  ),
  parseSubnet("10.0.0.0/24"),
  (length) => "ab".repeat(length).slice(0, length),
);

/** Returns a node that answers like a server. */
function node(name: string, change: Partial<EvidenceNode> = {}): EvidenceNode {
  const index = plan.nodes.findIndex((planned) => planned.name === name);
  const lines = plan.nodes.map(
    ({ address, shard }, other) =>
      `${String(other).repeat(40)} ${address}:6379@16379 ${other === index ? "myself,master" : "master"} - 0 0 ${other + 1} connected ${plan.shards[shard]?.slots.first}-${plan.shards[shard]?.slots.last}`,
  );
  return {
    name,
    unreachableAt: undefined,
    query: async (commands) =>
      commands.map((command) => {
        if (command.join(" ") === "CLUSTER NODES") return lines.join("\n");
        if (command.join(" ") === "CLUSTER INFO") return "cluster_state:ok\r\ncluster_current_epoch:3\r\n";
        return `# ${command[1]}\r\nrole:master\r\nredis_version:8.0.2\r\n`;
      }),
    state: async () => ({ status: "running", exitCode: undefined, oomKilled: false }),
    log: async () =>
      `2026-11-24T02:14:44.${index}00Z 1:M requirepass ${JSON.stringify(PASSWORD)}\n2026-11-24T02:14:45.${index}00Z 1:M later`,
    ...change,
  };
}

function source(
  nodes: readonly EvidenceNode[] = ["node-0", "node-1", "node-2"].map((name) => node(name)),
): EvidenceSource {
  return { plan, nodes, history: new ClusterHistory(), versions: { engine: "29.1" } };
}

async function allText(folder: string): Promise<string> {
  const names = await readdir(folder);
  return (await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")))).join("\n");
}

test("writes what failed and the state of every node to a folder of files", async () => {
  const error = new RedisClusterError("WAIT_TIMEOUT", "not done after 5 ms", { details: { timeoutMs: 5 } });
  const bundle = await collectEvidence(source(), { title: "an order survives", error });
  const folder = await writeEvidence(bundle, join(base, "new", "folder"));
  expect(folder).toBe(join(base, "new", "folder"));
  expect((await readdir(folder)).toSorted()).toEqual(FILES);
  const read = async (name: string): Promise<string> => await readFile(join(folder, name), "utf8");
  const readme = await read("README.txt");
  expect(readme).toContain("Evidence: an order survives\n");
  expect(readme).toContain("not done after 5 ms");
  expect(readme).toContain("running  node-0: primary of 0-5460, epoch 1 of 3, state ok, flags no node");
  expect(await read("error.txt")).toMatch(/^WAIT_TIMEOUT: not done after 5 ms\n/);
  expect(JSON.parse(await read("versions.json"))).toMatchObject({ "node-0": "redis 8.0.2", engine: "29.1" });
  expect(JSON.parse(await read("views.json"))).toMatchObject({ check: { ok: true, slotsCovered: true } });
  expect((await read("log.txt")).split("\n").map((line) => line.slice(0, 31))).toEqual([
    ...["2026-11-24T02:14:44.000Z node-0", "2026-11-24T02:14:44.100Z node-1"],
    ...["2026-11-24T02:14:44.200Z node-2", "2026-11-24T02:14:45.000Z node-0"],
    ...["2026-11-24T02:14:45.100Z node-1", "2026-11-24T02:14:45.200Z node-2", ""],
  ]);
});

test("writes the reason for a missing answer, and does not exceed the timeouts", async () => {
  const unhealthy: Partial<EvidenceNode> = {
    query: () => new Promise(() => {}),
    state: () => {
      throw new Error("the engine is gone");
    },
    log: () => Promise.reject(new Error("no such container")),
  };
  const startedAt = performance.now();
  const bundle = await collectEvidence(source([node("node-0"), node("node-1"), node("node-2", unhealthy)]));
  expect(performance.now() - startedAt).toBeLessThan(2_000);
  const folder = await writeEvidence(bundle, base);
  const nodes = await readFile(join(folder, "nodes.txt"), "utf8");
  expect(nodes).toContain("unknown (the engine is gone)  node-2: silent (no answer for 500 ms)");
  expect(nodes).toContain("node-2 returned no view: no answer for 500 ms");
  expect(await readFile(join(folder, "log.txt"), "utf8")).toContain("node-2: no log (no such container)");
  expect(JSON.parse(await readFile(join(folder, "versions.json"), "utf8"))).toMatchObject({
    "node-2": "unknown (no answer for 500 ms)",
  });
});

test("ends the collection when the signal aborts", async () => {
  const unresponsive = node("node-0", {
    log: () => new Promise(() => {}),
    state: () => new Promise(() => {}),
  });
  const controller = new AbortController();
  const collecting = collectEvidence(source([unresponsive]), { signal: controller.signal });
  controller.abort(new Error("that is enough"));
  const [evidence] = (await collecting).nodes;
  expect(evidence?.log).toEqual({ kind: "missing", reason: "that is enough" });
});

test("writes evidence of a start that failed before there was a plan", async () => {
  const emptySource = { plan: undefined, nodes: [], history: new ClusterHistory(), versions: {} };
  const folder = await saveEvidence(emptySource, { directory: base }, { error: new Error("no network") });
  expect(folder).toMatch(/-no-cluster-no-network$/);
  expect(await readFile(join(folder, "README.txt"), "utf8")).toContain("not planned yet");
  expect((await readdir(folder)).toSorted()).toEqual(FILES);
});

test("writes no secret to any file or to the name of the folder", async () => {
  const error = new RedisClusterError("START_FAILED", `refused: >>> 'user app on >hunter2' ${PASSWORD}`, {
    cause: new Error("connecting to redis://app:unknown@node-0:6379"),
    details: { nodes: [{ lastLines: [`requirepass ${JSON.stringify(PASSWORD)}`] }], password: "another" },
  });
  const folder = await saveEvidence(source(), { directory: base }, { title: "with hunter2", error });
  expect(folder).toMatch(/-with$/);
  const text = await allText(folder);
  for (const secret of ["hunter2", PASSWORD, "quoted", "unknown@", "another"])
    expect(text).not.toContain(secret);
  expect(text).toContain("requirepass ***");
  expect(text).toContain("user app on >***");
});

test("replaces files of the same names, and leaves no temporary files", async () => {
  await writeFile(join(base, "log.txt"), "old");
  await writeFile(join(base, "mine.txt"), "mine");
  const folder = await writeEvidence(await collectEvidence(source()), base);
  expect(isAbsolute(folder)).toBe(true);
  expect((await readdir(base)).toSorted()).toEqual([...FILES, "mine.txt"].toSorted());
  expect(await readFile(join(base, "log.txt"), "utf8")).not.toContain("old");
  expect(await readFile(join(base, "error.txt"), "utf8")).toBe("No error.\n");
});

test("adds the path of the evidence to an error once", async () => {
  const error = new RedisClusterError("WAIT_TIMEOUT", "not done", { details: { timeoutMs: 5 } });
  const explained = await withEvidence(error, await collectEvidence(source()), base, "Waiting");
  const [name] = await readdir(base);
  const folder = join(base, name as string);
  expect(explained).toMatchObject({ code: "WAIT_TIMEOUT", details: { timeoutMs: 5, evidence: folder } });
  expect(explained.message).toBe(`not done\nEvidence: ${folder}`);
  expect(await withEvidence(explained, await collectEvidence(source()), base, "Waiting")).toBe(explained);
  expect(await readdir(base)).toEqual([name]);
});

test("returns the original error if the evidence cannot be written", async () => {
  await writeFile(join(base, "file"), "");
  const error = new RedisClusterError("WAIT_TIMEOUT", "not done", { cause: new Error("first") });
  const explained = await withEvidence(error, await collectEvidence(source()), join(base, "file"), "Waiting");
  expect(explained).toMatchObject({ code: "WAIT_TIMEOUT", cause: { message: "first" } });
  expect(explained.message).toMatch(/^not done\nThe evidence could not be written: (?:EEXIST|ENOTDIR)/);
  expect(explained.details).not.toHaveProperty("evidence");
});
