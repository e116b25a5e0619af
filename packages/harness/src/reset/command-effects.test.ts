import { expect, test } from "vitest";
import type { NodeConnection } from "../clients/node-connection.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import { findLastingNonClusterCommands, findLastingCommands, leavesOnlyData } from "./command-effects.ts";

/** A connection that fails the test if it is used. */
const UNUSED = {
  outcomes: () => Promise.reject(new Error("expected no command")),
} as unknown as NodeConnection;

async function lasting(...names: readonly string[]): Promise<readonly string[]> {
  return await findLastingCommands({} as ClusterPlan, UNUSED, new Map(names.map((name) => [name, 1])));
}

test("knows the commands that a reset reverts without querying the server", async () => {
  const names = [
    "set",
    "config|set",
    "config|help",
    "cluster|nodes",
    "acl|setuser",
    "flushall",
    "script|load",
    // Commands that compare and restore a seed.
    ...["dump", "pttl", "restore", "unlink", "function|restore"],
  ];
  expect(await lasting(...names)).toEqual([]);
});

test.each([
  "debug",
  "debug|sleep",
  "config|rewrite",
  "bgsave",
  "acl|save",
  "cluster|forget",
  "cluster|setslot",
  "module|loadex",
  "pfdebug",
  "script|debug",
])("%s has lasting effects", async (name) => {
  expect(await lasting(name, "get")).toEqual([name]);
});

const entry = (name: string, firstKey: number, ...flags: readonly string[]): readonly unknown[] => [
  name,
  -2,
  flags,
  firstKey,
];

test.each([
  ["zadd", entry("zadd", 1, "write")],
  ["eval", entry("eval", 0, "movablekeys")],
  ["keys", entry("keys", 0, "readonly")],
  ["publish", entry("publish", 0, "pubsub")],
  ["json.set", entry("json.set", 1, "write", "module")],
  ["ts.mget", entry("ts.mget", 0, "readonly", "module")],
  ["ft.search", entry("ft.search", 1, "readonly", "module")],
])("%s leaves only data behind", (name, info) => {
  expect(leavesOnlyData(name, info)).toBe(true);
});

test.each([
  ["hotkeys|start", entry("hotkeys|start", 0, "admin")],
  ["somethingnew", entry("somethingnew", 0)],
  ["pfdebug", entry("pfdebug", 2, "admin", "write")],
  ["ft.create", entry("ft.create", 1, "write", "module")],
  ["_ft.create", entry("_ft.create", 1, "write", "module")],
  ["ft.config", entry("ft.config", 0, "readonly", "module")],
  ["module.do", entry("module.do", 0, "write", "module")],
])("%s may leave more than data behind", (name, info) => {
  expect(leavesOnlyData(name, info)).toBe(false);
});

test("a command without an entry is an internal module command or unknown", () => {
  expect(leavesOnlyData("timeseries.hello", null)).toBe(true);
  expect(leavesOnlyData("renamed", null)).toBe(false);
});

test("queries the server once for commands with unknown effects", async () => {
  const sent: (readonly unknown[])[] = [];
  const connection = {
    outcomes: (commands: readonly (readonly unknown[])[]) => {
      sent.push(...commands);
      return Promise.resolve([[entry("zadd", 1, "write"), entry("odd", 0)]]);
    },
  } as unknown as NodeConnection;
  const plan = {} as ClusterPlan;
  const calls = new Map([
    ["zadd", 1],
    ["odd", 1],
    ["get", 1],
  ]);
  expect(await findLastingCommands(plan, connection, calls)).toEqual(["odd"]);
  expect(await findLastingCommands(plan, connection, calls)).toEqual(["odd"]);
  expect(sent).toEqual([["COMMAND", "INFO", "zadd", "odd"]]);
});

test("ignores CLUSTER commands, which the formation also calls", () => {
  const calls = new Map(
    ["cluster|meet", "cluster|reset", "get", "odd", "debug", "acl|save"].map((name) => [name, 1]),
  );
  expect(findLastingNonClusterCommands(calls)).toEqual(["debug", "acl|save"]);
});
