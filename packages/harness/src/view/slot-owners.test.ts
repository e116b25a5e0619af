import fc from "fast-check";
import { expect, test } from "vitest";
import type { NodeView } from "./node-view.ts";
import { parseClusterNodes } from "./parse-cluster-nodes.ts";
import {
  replicasOfShard,
  servingNodes,
  slotOwners,
  unownedSlots,
  findServingNode,
  findReadObstacle,
} from "./slot-owners.ts";
import { holdsSlot } from "./slot-ranges.ts";

const A = "a".repeat(40);
const B = "b".repeat(40);
const C = "c".repeat(40);

/**
 * Returns the view of a node.
 *
 * @param self its own line of CLUSTER NODES, from the flags that follow `myself`.
 * @param others complete lines about other nodes.
 */
function viewOf(node: string, id: string, self: string, others: readonly string[] = []): NodeView {
  const lines = [...others, `${id} 172.28.0.2:6379@16379 myself,${self}`];
  const members = parseClusterNodes(lines.join("\n"));
  return { kind: "answered", node, state: "ok", currentEpoch: 9, members, inSync: true };
}

function silent(node: string): NodeView {
  return { kind: "silent", node, reason: "away" };
}

test("each primary owns the slots that it claims", () => {
  const view = [
    viewOf("node-0", A, "master - 0 0 1 connected 0-8191"),
    viewOf("node-1", B, "master - 0 0 2 connected 8192-16383"),
    viewOf("node-2", C, `slave ${A} 0 0 1 connected`),
  ];
  expect(slotOwners(view)).toEqual([
    { node: "node-0", slots: [{ first: 0, last: 8191 }] },
    { node: "node-1", slots: [{ first: 8192, last: 16383 }] },
  ]);
});

test.each([
  ["answers first", (old: NodeView, promoted: NodeView) => [old, promoted]],
  ["answers last", (old: NodeView, promoted: NodeView) => [promoted, old]],
] as const)("the greater config epoch wins in a split brain if the old primary %s", (_, order) => {
  const deposed = viewOf("node-0", A, "master - 0 0 1 connected 0-16383");
  const promoted = viewOf("node-2", C, "master - 0 0 9 connected 0-16383");
  expect(slotOwners(order(deposed, promoted))).toEqual([
    { node: "node-2", slots: [{ first: 0, last: 16383 }] },
  ]);
});

test("a deposed primary keeps the slots that no other node claims", () => {
  const view = [
    viewOf("node-0", A, "master - 0 0 1 connected 0-100"),
    viewOf("node-2", C, "master - 0 0 9 connected 20-30 90-16383"),
  ];
  expect(slotOwners(view)).toEqual([
    {
      node: "node-0",
      slots: [
        { first: 0, last: 19 },
        { first: 31, last: 89 },
      ],
    },
    {
      node: "node-2",
      slots: [
        { first: 20, last: 30 },
        { first: 90, last: 16383 },
      ],
    },
  ]);
});

test("reports of other nodes do not make a node an owner", () => {
  const killed = `${B} 172.28.0.3:6379@16379 master - 0 0 7 disconnected 8192-16383`;
  const view = [viewOf("node-0", A, "master - 0 0 1 connected 0-8191", [killed]), silent("node-1")];
  expect(slotOwners(view)).toEqual([{ node: "node-0", slots: [{ first: 0, last: 8191 }] }]);
});

/** A line of another node about node-0 with a config epoch. */
const reported = (epoch: number): string =>
  `${A} 172.28.0.2:6379@16379 master - 0 0 ${epoch} connected 0-8191`;

test("ignores a claim if any node reports a newer claim of a silent node", () => {
  const outdated = viewOf("node-2", C, "master - 0 0 4 connected 0-8191");
  const other = viewOf("node-1", B, "master - 0 0 2 connected 8192-16383", [reported(5)]);
  const owned = [{ node: "node-1", slots: [{ first: 8192, last: 16383 }] }];
  expect(slotOwners([silent("node-0"), other, outdated])).toEqual(owned);
  expect(unownedSlots([silent("node-0"), other, outdated])).toEqual([{ first: 0, last: 8191 }]);
  expect(findReadObstacle([silent("node-0"), other, outdated])).toBe(
    "node-2 claims the slots 0-8191, but another node has a newer claim to some of them",
  );
  const elected = viewOf("node-2", C, "master - 0 0 6 connected 0-8191");
  expect(slotOwners([silent("node-0"), other, elected])).toEqual([
    ...owned,
    { node: "node-2", slots: [{ first: 0, last: 8191 }] },
  ]);
});

test("an owner keeps its slots if another node reports a newer epoch of it", () => {
  const owner = viewOf("node-0", A, "master - 0 0 5 connected 0-8191");
  const other = viewOf("node-1", B, "master - 0 0 2 connected 8192-16383", [reported(6)]);
  expect(slotOwners([owner, other]).map(({ node }) => node)).toEqual(["node-0", "node-1"]);
});

/** The claim of a node: the letter of its id, its config epoch, and its slots. */
const claim = fc.record({
  id: fc.constantFrom("a", "b", "c", "d"),
  epoch: fc.nat(9),
  // Adjacent slots, gaps and overlaps, because the algorithm depends on the boundaries of claims.
  starts: fc.uniqueArray(fc.nat(11), { maxLength: 4 }),
});

test("the owner of a slot is the node with the newest claim if it reports it itself", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(claim, fc.array(claim)), { maxLength: 4 }), (drawn) => {
      const own = drawn.filter(([{ id }], index) => drawn.findIndex(([other]) => other.id === id) === index);
      // If two nodes have the same epoch, the owner is undefined.
      const epochs = own
        .flatMap(([self, others]) => [self, ...others])
        .map(({ id, epoch }) => `${epoch}${id}`);
      fc.pre(new Set(epochs).size === new Set(epochs.map((epoch) => epoch[0])).size);
      const slotsOf = (starts: readonly number[]): string =>
        starts.map((slot) => `${slot}-${slot}`).join(" ");
      const views = own.map(([self, others]) =>
        viewOf(
          `node-${self.id}`,
          self.id.repeat(40),
          `master - 0 0 ${self.epoch} connected ${slotsOf(self.starts)}`,
          others
            .filter(({ id }) => id !== self.id)
            .map(
              ({ id, epoch, starts }) =>
                `${id.repeat(40)} 172.28.0.3:6379@16379 master - 0 0 ${epoch} connected ${slotsOf(starts)}`,
            ),
        ),
      );
      const owners = slotOwners(views);
      for (let slot = 0; slot < 12; slot += 1) {
        const claims = own
          .flatMap(([self, others]) => [self, ...others.filter(({ id }) => id !== self.id)])
          .filter(({ starts }) => starts.includes(slot));
        const newest = claims.toSorted((one, other) => other.epoch - one.epoch)[0]?.id;
        const reportsItself = own.some(([{ id, starts }]) => id === newest && starts.includes(slot));
        const expected = reportsItself ? `node-${newest}` : undefined;
        expect(owners.find(({ slots }) => holdsSlot(slots, slot))?.node).toBe(expected);
      }
    }),
  );
});

test("replicas and primaries without slots own nothing", () => {
  const view = [
    viewOf("node-0", A, "master - 0 0 1 connected"),
    viewOf("node-1", B, `slave ${A} 0 0 1 connected 0-16383`),
  ];
  expect(slotOwners(view)).toEqual([]);
});

test("the replicas of a shard are the nodes that report its primary as theirs", () => {
  const view = [
    viewOf("node-0", A, "master - 0 0 1 connected 0-16383"),
    viewOf("node-1", B, `slave ${A} 0 0 1 connected`),
    viewOf("node-2", C, `slave ${B} 0 0 1 connected`),
    silent("node-3"),
  ];
  expect(replicasOfShard(view, A)).toEqual(["node-1"]);
  expect(replicasOfShard(view, B)).toEqual(["node-2"]);
  expect(replicasOfShard(view, C)).toEqual([]);
  expect(replicasOfShard(view, undefined)).toEqual(["node-1", "node-2"]);
});

test("keys can be read back if every slot has one owner, despite silent nodes", () => {
  const healthy = viewOf("node-0", A, "master - 0 0 1 connected 0-16383");
  expect(findReadObstacle([healthy, silent("node-1")])).toBeUndefined();
});

test("keys cannot be read back if slots have no owner, two, or one that is down", () => {
  const half = viewOf("node-0", A, "master - 0 0 1 connected 0-8191");
  expect(findReadObstacle([half])).toBe("no node that answers owns the slots 8192-16383");
  const deposed = viewOf("node-0", A, "master - 0 0 1 connected 0-16383");
  const promoted = viewOf("node-2", C, "master - 0 0 9 connected 0-16383");
  expect(findReadObstacle([deposed, promoted])).toBe(
    "node-0 claims the slots 0-16383, but another node has a newer claim to some of them",
  );
  const down: NodeView = { ...promoted, state: "fail" } as NodeView;
  expect(findReadObstacle([down])).toBe("node-2 reports cluster_state:fail");
});

const withFailState = (view: NodeView): NodeView => ({ ...view, state: "fail" }) as NodeView;

test("a node with a failed cluster_state owns slots but does not serve them", () => {
  const view = [
    viewOf("node-0", A, "master - 0 0 1 connected 0-8191"),
    withFailState(viewOf("node-1", B, "master - 0 0 2 connected 8192-16383")),
  ];
  expect(slotOwners(view).map(({ node }) => node)).toEqual(["node-0", "node-1"]);
  expect(servingNodes(view).map(({ node }) => node)).toEqual(["node-0"]);
  expect(findServingNode(view, 0)).toEqual({ node: "node-0" });
});

test("returns the reason if no node serves a slot", () => {
  const other = `${B} 172.28.0.3:6379@16379 master - 0 0 2 connected 8192-16383`;
  const failed = other.replace("master -", "master,fail -");
  const owner = (...others: readonly string[]): NodeView =>
    withFailState(viewOf("node-0", A, "master - 0 0 1 connected 0-8191", others));
  expect(findServingNode([owner(other)], 8192)).toEqual({ reason: "no node that answers owns slot 8192" });
  // The state of a node that was just promoted, whose view has recovered.
  expect(findServingNode([owner(other)], 7)).toEqual({
    reason: "node-0 owns slot 7 and rejects commands: its cluster_state is fail",
  });
  expect(findServingNode([owner(failed, `${C} 172.28.0.4:6379@16379 master - 0 0 3 connected`)], 7)).toEqual({
    reason:
      "node-0 owns slot 7 and rejects commands: its cluster_state is fail, because it reaches 1 primary, and a majority is 2",
  });
});
