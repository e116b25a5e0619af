import { expect, test } from "vitest";
import { mergeViews } from "../view/cluster-view.ts";
import type { NodeView } from "../view/node-view.ts";
import { parseClusterNodes } from "../view/parse-cluster-nodes.ts";
import { select } from "./select.ts";

const id = (index: number): string => String(index).repeat(40).slice(0, 40);

/** Three primaries, node-0 to node-2, and five replicas. Three of the replicas belong to node-0. */
const PRIMARY_OF = [undefined, undefined, undefined, 0, 0, 0, 1, 2] as const;
const SLOTS = ["0-5460", "5461-10922", "10923-16383"] as const;

function view(dead: readonly number[] = []) {
  const views: readonly NodeView[] = PRIMARY_OF.map((_, self) => {
    if (dead.includes(self)) return { kind: "silent", node: `node-${self}`, reason: "dead" };
    const lines = PRIMARY_OF.map((primary, index) => {
      const role = primary === undefined ? "master" : "slave";
      const flags = index === self ? `myself,${role}` : role;
      const tail = primary === undefined ? ` ${SLOTS[index] ?? ""}` : "";
      return `${id(index)} 10.0.0.${index}:6379@16379 ${flags} ${primary === undefined ? "-" : id(primary)} 0 0 ${index} connected${tail}`;
    });
    return {
      kind: "answered",
      node: `node-${self}`,
      state: "ok",
      currentEpoch: 9,
      members: parseClusterNodes(lines.join("\n")),
      inSync: true,
    };
  });
  return mergeViews(views, new Map(PRIMARY_OF.map((_, index) => [id(index), `node-${index}`])));
}

// "b" hashes to 3300, in node-0's shard.
const KEY = "b";
const NO_OFFSETS = new Map<string, number>();

test("selects the owner, the shard and the most recent replica of a key", () => {
  expect(select({ primaryOf: KEY }, view(), NO_OFFSETS).names).toEqual(["node-0"]);
  expect(select({ shardOf: KEY }, view(), NO_OFFSETS).names).toEqual([
    "node-0",
    "node-3",
    "node-4",
    "node-5",
  ]);
  const offsets = new Map([
    ["node-3", 10],
    ["node-4", 30],
    ["node-5", 20],
  ]);
  expect(select({ replicaOf: KEY }, view(), offsets).names).toEqual(["node-4"]);
});

test("selects the replicas of a dead primary", () => {
  expect(select({ replicaOf: KEY }, view([0]), new Map([["node-5", 1]])).names).toEqual(["node-5"]);
  expect(select({ shardOf: KEY }, view([0, 4]), NO_OFFSETS).names).toEqual(["node-3", "node-5"]);
});

test("selects the smallest majority of the primaries", () => {
  expect(select({ majorityOf: "primaries" }, view(), NO_OFFSETS).names).toEqual(["node-0", "node-1"]);
});

test("selects all nodes that have a role and answer", () => {
  expect(select({ role: "replica" }, view([4]), NO_OFFSETS).names).toEqual([
    "node-3",
    "node-5",
    "node-6",
    "node-7",
  ]);
});

test("selects random nodes of a role, and the same with the same seed", () => {
  const first = select({ random: 2, role: "replica" }, view(), NO_OFFSETS);
  expect(first.names).toHaveLength(2);
  expect(first.names.every((name) => Number(name.slice(5)) >= 3)).toBe(true);
  expect(select({ random: 2, role: "replica", seed: first.seed }, view(), NO_OFFSETS).names).toEqual(
    first.names,
  );
});

test("reports why a selector selects no node", () => {
  const rejected = expect.objectContaining({ code: "INVALID_ARGUMENT" });
  expect(() => select({ random: 4, role: "primary" }, view(), NO_OFFSETS)).toThrow(
    "expected at least 4 nodes to choose from, got 3",
  );
  expect(() => select({ primaryOf: KEY }, view([0]), NO_OFFSETS)).toThrow(rejected);
  expect(() => select({ primaryOf: KEY }, view([0]), NO_OFFSETS)).toThrow(
    "expected a node that answers and matches the selector, got none",
  );
});
