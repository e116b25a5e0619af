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
] as const)("a problem of the kind %s fails %j and the whole", (kind, failed) => {
  expect(checkView(viewWith({ kind, about: "node-1", message: "node-1 is odd" }))).toEqual({
    ...GOOD,
    ...failed,
    ok: false,
    problems: ["node-1 is odd"],
  });
});

test("all problems are told, in order", () => {
  const check = checkView(
    viewWith(
      { kind: "unreachable", about: "node-1", message: "node-1 gave no view: away" },
      { kind: "coverage", about: undefined, message: "nobody who answers serves the slots 0" },
    ),
  );
  expect(check.problems).toEqual(["node-1 gave no view: away", "nobody who answers serves the slots 0"]);
  expect(check).toMatchObject({ allReachable: false, slotsCovered: false, configurationAgreed: true });
});

test("slots whose owner refuses commands are not covered", () => {
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
