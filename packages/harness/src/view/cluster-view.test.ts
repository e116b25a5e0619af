import { expect, test } from "vitest";
import { type ClusterView, type Disagreement, memberSlots, mergeViews } from "./cluster-view.ts";
import type { NodeView } from "./node-view.ts";
import type { NodeEntry } from "./parse-cluster-nodes.ts";

const ALL = ["node-0", "node-1", "node-2", "node-3"] as const;
type Name = (typeof ALL)[number];

const ID = {
  "node-0": "a".repeat(40),
  "node-1": "b".repeat(40),
  "node-2": "c".repeat(40),
  "node-3": "d".repeat(40),
} as const;
const NAMES: ReadonlyMap<string, string> = new Map(ALL.map((name) => [ID[name], name]));
const UNPLANNED_ID = "e".repeat(40);

function entry(id: string, change: Partial<NodeEntry>): NodeEntry {
  return {
    id,
    address: "172.28.0.2",
    port: 6379,
    busPort: 16379,
    hostname: undefined,
    role: "primary",
    flags: [],
    self: false,
    primaryId: undefined,
    configEpoch: 0,
    linkConnected: true,
    slots: [],
    openSlots: [],
    ...change,
  };
}

/** Three primaries, and node-3 as the replica of node-0. */
const HEALTHY: Readonly<Record<Name, NodeEntry>> = {
  "node-0": entry(ID["node-0"], { configEpoch: 1, slots: [{ first: 0, last: 5460 }] }),
  "node-1": entry(ID["node-1"], { configEpoch: 2, slots: [{ first: 5461, last: 10922 }] }),
  "node-2": entry(ID["node-2"], { configEpoch: 3, slots: [{ first: 10923, last: 16383 }] }),
  "node-3": entry(ID["node-3"], { role: "replica", primaryId: ID["node-0"], configEpoch: 1 }),
};

type Changes = Partial<Record<Name, Partial<NodeEntry> | "unknown">>;
type Answer = Extract<NodeView, { kind: "answered" }>;

/** Returns the view of a node: the healthy cluster with changes to members and to the view itself. */
function view(node: Name, changes: Changes = {}, also: Partial<Answer> = {}): NodeView {
  const members = ALL.flatMap((name) => {
    const change = changes[name] ?? {};
    return change === "unknown" ? [] : [{ ...HEALTHY[name], self: name === node, ...change }];
  });
  return { kind: "answered", node, state: "ok", currentEpoch: 3, members, inSync: true, ...also };
}

/** Merges four views. The given views replace the healthy views of their nodes. */
function merged(...others: readonly NodeView[]): ClusterView {
  const views = ALL.map((name) => others.find(({ node }) => node === name) ?? view(name));
  return mergeViews(views, NAMES);
}

function onlyDisagreement(result: ClusterView): Disagreement {
  expect(result.disagreements).toHaveLength(1);
  expect(result.agreed).toBe(false);
  return result.disagreements[0] as Disagreement;
}

test("equal views agree", () => {
  const result = merged();
  expect(result.disagreements).toEqual([]);
  expect(result.agreed).toBe(true);
  expect(result.members.map(({ id, name }) => [id, name])).toEqual([...NAMES]);
});

test("reports a silent node with its reason", () => {
  const result = merged({ kind: "silent", node: "node-3", reason: "Connection is closed." });
  expect(onlyDisagreement(result)).toEqual({
    kind: "unreachable",
    about: "node-3",
    message: "node-3 returned no view: Connection is closed.",
  });
  expect(result.members.map(({ name }) => name)).toEqual([...ALL]);
});

test("reports a node whose cluster_state is fail", () => {
  expect(onlyDisagreement(merged(view("node-1", {}, { state: "fail" })))).toEqual({
    kind: "state",
    about: "node-1",
    message: "node-1 reports cluster_state:fail",
  });
});

test("reports a replica that is not in sync", () => {
  expect(onlyDisagreement(merged(view("node-3", {}, { inSync: false })))).toEqual({
    kind: "replication",
    about: "node-3",
    message: "node-3 is a replica and not in sync",
  });
});

test("reports a member that some nodes do not list", () => {
  const result = merged(view("node-1", { "node-3": "unknown" }), view("node-2", { "node-3": "unknown" }));
  expect(onlyDisagreement(result)).toEqual({
    kind: "members",
    about: "node-3",
    message: "node-3 is missing from the views of node-1, node-2",
  });
});

test("reports a role on which the views differ", () => {
  const result = merged(view("node-2", { "node-3": { role: "primary" } }));
  expect(onlyDisagreement(result)).toEqual({
    kind: "role",
    about: "node-3",
    message:
      "the views differ on the role of node-3: node-0, node-1, node-3 report replica; node-2 reports primary",
  });
});

test("reports a primary on which the views differ", () => {
  const result = merged(view("node-1", { "node-3": { primaryId: ID["node-2"] } }));
  expect(onlyDisagreement(result)).toEqual({
    kind: "primary",
    about: "node-3",
    message:
      "the views differ on the primary of node-3: node-0, node-2, node-3 report node-0; node-1 reports node-2",
  });
});

test("an unplanned primary is reported by its id, and a missing one as none", () => {
  const unplanned = merged(view("node-1", { "node-3": { primaryId: UNPLANNED_ID } }));
  expect(onlyDisagreement(unplanned).message).toContain(`node-1 reports ${UNPLANNED_ID}`);
  const none = merged(view("node-1", { "node-3": { primaryId: undefined } }));
  expect(onlyDisagreement(none).message).toContain("node-1 reports none");
});

test("reports slots on which the views differ", () => {
  const result = merged(view("node-0", { "node-1": { slots: [{ first: 5462, last: 10922 }] } }));
  expect(onlyDisagreement(result)).toEqual({
    kind: "slots",
    about: "node-1",
    message:
      "the views differ on the slots of node-1: node-0 reports 5462-10922; node-1, node-2, node-3 report 5461-10922",
  });
});

test("reports none if a member has no slots in a view", () => {
  const result = merged(view("node-0", { "node-1": { slots: [] } }));
  expect(onlyDisagreement(result).message).toContain("node-0 reports none");
});

test("equal slots in different ranges are not a disagreement", () => {
  const slots = [
    { first: 8000, last: 10922 },
    { first: 5461, last: 7999 },
  ];
  expect(merged(view("node-0", { "node-1": { slots } })).agreed).toBe(true);
});

test.each([
  ["migrating", "node-0", "slot 100 of node-0 is migrating to node-1"],
  ["importing", "node-1", "slot 100 of node-1 is importing from node-0"],
] as const)("reports a slot that is %s with both nodes", (kind, node, message) => {
  const peer = node === "node-0" ? ID["node-1"] : ID["node-0"];
  const result = merged(view(node, { [node]: { openSlots: [{ kind, slot: 100, peer }] } }));
  expect(onlyDisagreement(result)).toEqual({ kind: "open-slot", about: node, message });
});

test("reports two primaries with the same config epoch", () => {
  const same = { "node-2": { configEpoch: 2 } };
  const result = merged(...ALL.map((name) => view(name, same)));
  expect(onlyDisagreement(result)).toEqual({
    kind: "epoch",
    about: undefined,
    message: "node-1, node-2 share the config epoch 2",
  });
});

test("a primary without slots may share a config epoch with another primary", () => {
  const same: Changes = { "node-3": { role: "primary", primaryId: undefined, configEpoch: 1 } };
  expect(merged(...ALL.map((name) => view(name, same))).agreed).toBe(true);
});

test("reports a lost link with the node that lost it", () => {
  const result = merged(view("node-0", { "node-2": { linkConnected: false } }));
  expect(onlyDisagreement(result)).toEqual({
    kind: "link",
    about: "node-2",
    message: "node-0 has no link to node-2",
  });
});

test("a node does not need a link to itself", () => {
  expect(merged(view("node-0", { "node-0": { linkConnected: false } })).agreed).toBe(true);
});

test.each(["fail?", "fail", "handshake", "noaddr"])("reports the flag %s", (flag) => {
  const result = merged(view("node-0", { "node-2": { flags: ["nofailover", flag] } }));
  expect(onlyDisagreement(result)).toEqual({
    kind: "flags",
    about: "node-2",
    message: `node-0 flags node-2 as ${flag}`,
  });
});

test("does not report the flag nofailover", () => {
  expect(merged(view("node-0", { "node-2": { flags: ["nofailover"] } })).agreed).toBe(true);
});

test("reports slots without an owner", () => {
  const holes = { "node-2": { slots: [{ first: 10925, last: 16382 }] } };
  const result = merged(...ALL.map((name) => view(name, holes)));
  expect(onlyDisagreement(result)).toEqual({
    kind: "coverage",
    about: undefined,
    message: "no node that answers owns the slots 10923-10924 16383",
  });
});

test("a silent primary owns no slots, whatever other nodes report", () => {
  const silent: NodeView = { kind: "silent", node: "node-1", reason: "away" };
  expect(merged(silent).disagreements.map(({ message }) => message)).toEqual([
    "node-1 returned no view: away",
    "no node that answers owns the slots 5461-10922",
  ]);
});

test("a promoted node owns slots before other nodes report the promotion", () => {
  const promoted: Changes = {
    "node-3": { role: "primary", primaryId: undefined, configEpoch: 4, slots: [{ first: 0, last: 5460 }] },
  };
  const result = merged({ kind: "silent", node: "node-0", reason: "away" }, view("node-3", promoted));
  expect(result.disagreements.map(({ kind }) => kind)).not.toContain("coverage");
});

test("slots of a replica count as not owned", () => {
  const demoted: Changes = { "node-2": { role: "replica", primaryId: ID["node-0"] } };
  expect(onlyDisagreement(merged(...ALL.map((name) => view(name, demoted)))).message).toBe(
    "no node that answers owns the slots 10923-16383",
  );
});

test("members contains what most nodes report", () => {
  const minority = merged(view("node-0", { "node-3": { role: "primary", primaryId: undefined } }));
  expect(minority.members.find(({ name }) => name === "node-3")?.entry.role).toBe("replica");
  const majority = merged(
    view("node-1", { "node-3": { role: "primary", primaryId: undefined } }),
    view("node-2", { "node-3": { role: "primary", primaryId: undefined } }),
    view("node-3", { "node-3": { role: "primary", primaryId: undefined } }),
  );
  expect(majority.members.find(({ name }) => name === "node-3")?.entry.role).toBe("primary");
});

test("members contains what the first node reports if there is no majority", () => {
  const tie = merged(
    view("node-2", { "node-3": { role: "primary", primaryId: undefined } }),
    view("node-3", { "node-3": { role: "primary", primaryId: undefined } }),
  );
  expect(tie.members.find(({ name }) => name === "node-3")?.entry.role).toBe("replica");
});

test("a member that this library did not start is identified by its address", () => {
  const unplanned = entry(UNPLANNED_ID, {
    address: "172.28.0.99",
    port: 7000,
    role: "replica",
    primaryId: ID["node-0"],
  });
  const { members: usual } = view("node-0") as Answer;
  const result = merged(view("node-0", {}, { members: [...usual, unplanned] }));
  expect(onlyDisagreement(result)).toEqual({
    kind: "members",
    about: "172.28.0.99:7000",
    message: "172.28.0.99:7000 is missing from the views of node-1, node-2, node-3",
  });
  expect(result.members.at(-1)).toEqual({ id: UNPLANNED_ID, name: "172.28.0.99:7000", entry: unplanned });
});

test("there are no members and no owned slots if no node answers", () => {
  const result = mergeViews([{ kind: "silent", node: "node-0", reason: "away" }], NAMES);
  expect(result.members).toEqual([]);
  expect(result.disagreements.map(({ kind }) => kind)).toEqual(["unreachable", "coverage"]);
});

test("memberSlots returns sorted ranges", () => {
  const slots = [
    { first: 10, last: 12 },
    { first: 0, last: 9 },
  ];
  expect(memberSlots({ id: UNPLANNED_ID, name: "node-0", entry: entry(UNPLANNED_ID, { slots }) })).toEqual([
    { first: 0, last: 12 },
  ]);
});
