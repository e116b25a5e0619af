import { expect, test } from "vitest";
import { checkView } from "./cluster-check.ts";
import type { ClusterView, Disagreement } from "./cluster-view.ts";
import { parseClusterNodes } from "./parse-cluster-nodes.ts";

function viewWith(...disagreements: readonly Disagreement[]): ClusterView {
  return { views: [], members: [], disagreements, agreed: disagreements.length === 0 };
}

test("a view without disagreements passes every check", () => {
  expect(checkView(viewWith())).toEqual({
    ok: true,
    configurationAgreed: true,
    slotsCovered: true,
    noOpenSlots: true,
    allReachable: true,
    problems: [],
  });
});

const GOOD = { configurationAgreed: true, slotsCovered: true, noOpenSlots: true, allReachable: true };

test.each([
  ["members", { configurationAgreed: false }],
  ["role", { configurationAgreed: false }],
  ["primary", { configurationAgreed: false }],
  ["slots", { configurationAgreed: false }],
  ["epoch", { configurationAgreed: false }],
  ["coverage", { slotsCovered: false }],
  ["open-slot", { noOpenSlots: false }],
  ["unreachable", { allReachable: false }],
  ["state", {}],
  ["link", {}],
  ["flags", {}],
  ["replication", {}],
] as const)("a problem of kind %s results in %j and ok: false", (kind, failed) => {
  expect(checkView(viewWith({ kind, about: "node-1", message: "node-1 is odd" }))).toEqual({
    ...GOOD,
    ...failed,
    ok: false,
    problems: ["node-1 is odd"],
  });
});

test("problems contains all messages in order", () => {
  const check = checkView(
    viewWith(
      { kind: "unreachable", about: "node-1", message: "node-1 returned no view: away" },
      { kind: "coverage", about: undefined, message: "no node that answers owns the slots 0" },
    ),
  );
  expect(check.problems).toEqual(["node-1 returned no view: away", "no node that answers owns the slots 0"]);
  expect(check).toMatchObject({ allReachable: false, slotsCovered: false, configurationAgreed: true });
});

test("slots are not covered if their owner rejects commands", () => {
  const id = "a".repeat(40);
  const view = (state: string): ClusterView => ({
    ...viewWith(),
    views: [
      {
        kind: "answered",
        node: "node-0",
        state,
        currentEpoch: 1,
        members: parseClusterNodes(`${id} 10.0.0.2:6379@16379 myself,master - 0 0 1 connected 0-16383`),
        inSync: true,
      },
    ],
  });
  expect(checkView(view("ok")).slotsCovered).toBe(true);
  expect(checkView(view("fail")).slotsCovered).toBe(false);
});
