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

/** A node and what it says of itself, as CLUSTER NODES writes it after the address. */
function says(node: string, id: string, self: string, others: readonly string[] = []): NodeView {
  const lines = [...others, `${id} 172.28.0.2:6379@16379 myself,${self}`];
  const members = parseClusterNodes(lines.join("\n"));
  return { kind: "answered", node, state: "ok", currentEpoch: 9, members, inSync: true };
}

function away(node: string): NodeView {
  return { kind: "silent", node, reason: "away" };
}

test("each primary serves what it says it serves", () => {
  const view = [
    says("node-0", A, "master - 0 0 1 connected 0-8191"),
    says("node-1", B, "master - 0 0 2 connected 8192-16383"),
    says("node-2", C, `slave ${A} 0 0 1 connected`),
  ];
  expect(slotOwners(view)).toEqual([
    { node: "node-0", slots: [{ first: 0, last: 8191 }] },
    { node: "node-1", slots: [{ first: 8192, last: 16383 }] },
  ]);
});

test.each([
  ["answers first", (old: NodeView, promoted: NodeView) => [old, promoted]],
  ["answers last", (old: NodeView, promoted: NodeView) => [promoted, old]],
] as const)(
  "in a split brain the greater config epoch wins, also when the deposed primary %s",
  (_, order) => {
    const deposed = says("node-0", A, "master - 0 0 1 connected 0-16383");
    const promoted = says("node-2", C, "master - 0 0 9 connected 0-16383");
    expect(slotOwners(order(deposed, promoted))).toEqual([
      { node: "node-2", slots: [{ first: 0, last: 16383 }] },
    ]);
  },
);

test("a deposed primary keeps the slots that nobody else claims", () => {
  const view = [
    says("node-0", A, "master - 0 0 1 connected 0-100"),
    says("node-2", C, "master - 0 0 9 connected 20-30 90-16383"),
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

test("what others say of a node does not make it serve", () => {
  const killed = `${B} 172.28.0.3:6379@16379 master - 0 0 7 disconnected 8192-16383`;
  const view = [says("node-0", A, "master - 0 0 1 connected 0-8191", [killed]), away("node-1")];
  expect(slotOwners(view)).toEqual([{ node: "node-0", slots: [{ first: 0, last: 8191 }] }]);
});

/** What another says of node-0 at that config epoch. */
const told = (epoch: number): string => `${A} 172.28.0.2:6379@16379 master - 0 0 ${epoch} connected 0-8191`;

test("a claim older than one that anybody knows of is none, also where the newer one's owner is dead", () => {
  const again = says("node-2", C, "master - 0 0 4 connected 0-8191");
  const other = says("node-1", B, "master - 0 0 2 connected 8192-16383", [told(5)]);
  const served = [{ node: "node-1", slots: [{ first: 8192, last: 16383 }] }];
  expect(slotOwners([away("node-0"), other, again])).toEqual(served);
  expect(unownedSlots([away("node-0"), other, again])).toEqual([{ first: 0, last: 8191 }]);
  expect(findReadObstacle([away("node-0"), other, again])).toBe(
    "node-2 claims the slots 0-8191, to which another has a newer claim",
  );
  const elected = says("node-2", C, "master - 0 0 6 connected 0-8191");
  expect(slotOwners([away("node-0"), other, elected])).toEqual([
    ...served,
    { node: "node-2", slots: [{ first: 0, last: 8191 }] },
  ]);
});

test("an epoch that others heard of before its owner was asked takes nothing from the owner", () => {
  const owner = says("node-0", A, "master - 0 0 5 connected 0-8191");
  const other = says("node-1", B, "master - 0 0 2 connected 8192-16383", [told(6)]);
  expect(slotOwners([owner, other]).map(({ node }) => node)).toEqual(["node-0", "node-1"]);
});

/** A node's claim: its id's letter, config epoch, and slots as CLUSTER NODES writes them. */
const claim = fc.record({
  id: fc.constantFrom("a", "b", "c", "d"),
  epoch: fc.nat(9),
  // Neighbours, gaps and overlaps: what counts is where claims begin and end.
  starts: fc.uniqueArray(fc.nat(11), { maxLength: 4 }),
});

test("every slot is served by whom its newest claim belongs to, if that node says so itself", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(claim, fc.array(claim)), { maxLength: 4 }), (drawn) => {
      const own = drawn.filter(([{ id }], index) => drawn.findIndex(([other]) => other.id === id) === index);
      // Two nodes at one epoch are a collision, of which nobody can say who wins.
      const epochs = own
        .flatMap(([self, others]) => [self, ...others])
        .map(({ id, epoch }) => `${epoch}${id}`);
      fc.pre(new Set(epochs).size === new Set(epochs.map((each) => each[0])).size);
      const slotsOf = (starts: readonly number[]): string =>
        starts.map((each) => `${each}-${each}`).join(" ");
      const views = own.map(([self, others]) =>
        says(
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
      const served = slotOwners(views);
      for (let slot = 0; slot < 12; slot += 1) {
        const claims = own
          .flatMap(([self, others]) => [self, ...others.filter(({ id }) => id !== self.id)])
          .filter(({ starts }) => starts.includes(slot));
        const newest = claims.toSorted((one, other) => other.epoch - one.epoch)[0]?.id;
        const saysSo = own.some(([{ id, starts }]) => id === newest && starts.includes(slot));
        const expected = saysSo ? `node-${newest}` : undefined;
        expect(served.find(({ slots }) => holdsSlot(slots, slot))?.node).toBe(expected);
      }
    }),
  );
});

test("replicas and primaries without slots serve nothing", () => {
  const view = [
    says("node-0", A, "master - 0 0 1 connected"),
    says("node-1", B, `slave ${A} 0 0 1 connected 0-16383`),
  ];
  expect(slotOwners(view)).toEqual([]);
});

test("a shard's replicas are those that say they follow its primary", () => {
  const view = [
    says("node-0", A, "master - 0 0 1 connected 0-16383"),
    says("node-1", B, `slave ${A} 0 0 1 connected`),
    says("node-2", C, `slave ${B} 0 0 1 connected`),
    away("node-3"),
  ];
  expect(replicasOfShard(view, A)).toEqual(["node-1"]);
  expect(replicasOfShard(view, B)).toEqual(["node-2"]);
  expect(replicasOfShard(view, C)).toEqual([]);
  expect(replicasOfShard(view, undefined)).toEqual(["node-1", "node-2"]);
});

test("keys can be read back once every slot has one owner, however many nodes are dead", () => {
  const healthy = says("node-0", A, "master - 0 0 1 connected 0-16383");
  expect(findReadObstacle([healthy, away("node-1")])).toBeUndefined();
});

test("keys cannot be read back while slots have no owner, two owners, or one that is down", () => {
  const half = says("node-0", A, "master - 0 0 1 connected 0-8191");
  expect(findReadObstacle([half])).toBe("nobody who answers serves the slots 8192-16383");
  const deposed = says("node-0", A, "master - 0 0 1 connected 0-16383");
  const promoted = says("node-2", C, "master - 0 0 9 connected 0-16383");
  expect(findReadObstacle([deposed, promoted])).toBe(
    "node-0 claims the slots 0-16383, to which another has a newer claim",
  );
  const down: NodeView = { ...promoted, state: "fail" } as NodeView;
  expect(findReadObstacle([down])).toBe("node-2 says cluster_state:fail");
});

const refusing = (view: NodeView): NodeView => ({ ...view, state: "fail" }) as NodeView;

test("an owner whose cluster_state is not ok owns its slots and does not serve them", () => {
  const view = [
    says("node-0", A, "master - 0 0 1 connected 0-8191"),
    refusing(says("node-1", B, "master - 0 0 2 connected 8192-16383")),
  ];
  expect(slotOwners(view).map(({ node }) => node)).toEqual(["node-0", "node-1"]);
  expect(servingNodes(view).map(({ node }) => node)).toEqual(["node-0"]);
  expect(findServingNode(view, 0)).toEqual({ node: "node-0" });
});

test("the answer for a slot that no node serves has the reason", () => {
  const other = `${B} 172.28.0.3:6379@16379 master - 0 0 2 connected 8192-16383`;
  const dead = other.replace("master -", "master,fail -");
  const owner = (...others: readonly string[]): NodeView =>
    refusing(says("node-0", A, "master - 0 0 1 connected 0-8191", others));
  expect(findServingNode([owner(other)], 8192)).toEqual({ reason: "no node that answers owns slot 8192" });
  // Promoted a moment ago: nothing in its view is wrong any more.
  expect(findServingNode([owner(other)], 7)).toEqual({
    reason: "node-0 owns slot 7 and refuses commands: its cluster_state is fail",
  });
  expect(findServingNode([owner(dead, `${C} 172.28.0.4:6379@16379 master - 0 0 3 connected`)], 7)).toEqual({
    reason:
      "node-0 owns slot 7 and refuses commands: its cluster_state is fail, because it reaches 1 primaries, and a majority is 2",
  });
});
