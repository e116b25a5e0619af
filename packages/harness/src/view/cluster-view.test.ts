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
const STRANGER = "e".repeat(40);

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

/** What a node says: the healthy cluster, less what it sees otherwise. */
function view(node: Name, changes: Changes = {}, also: Partial<Answer> = {}): NodeView {
  const members = ALL.flatMap((name) => {
    const change = changes[name] ?? {};
    return change === "unknown" ? [] : [{ ...HEALTHY[name], self: name === node, ...change }];
  });
  return { kind: "answered", node, state: "ok", currentEpoch: 3, members, inSync: true, ...also };
}

/** All four views; those that are given replace the healthy ones. */
function merged(...others: readonly NodeView[]): ClusterView {
  const views = ALL.map((name) => others.find(({ node }) => node === name) ?? view(name));
  return mergeViews(views, NAMES);
}

function onlyDisagreement(result: ClusterView): Disagreement {
  expect(result.disagreements).toHaveLength(1);
  expect(result.agreed).toBe(false);
  return result.disagreements[0] as Disagreement;
}

test("nodes that all say the same agree", () => {
  const result = merged();
  expect(result.disagreements).toEqual([]);
  expect(result.agreed).toBe(true);
  expect(result.members.map(({ id, name }) => [id, name])).toEqual([...NAMES]);
});

test("a silent node is named with its reason, and the others still agree", () => {
  const result = merged({ kind: "silent", node: "node-3", reason: "Connection is closed." });
  expect(onlyDisagreement(result)).toEqual({
    kind: "unreachable",
    about: "node-3",
    message: "node-3 gave no view: Connection is closed.",
  });
  expect(result.members.map(({ name }) => name)).toEqual([...ALL]);
});

test("a node that says the cluster is down is named", () => {
  expect(onlyDisagreement(merged(view("node-1", {}, { state: "fail" })))).toEqual({
    kind: "state",
    about: "node-1",
    message: "node-1 says cluster_state:fail",
  });
});

test("a replica that is not in sync is named", () => {
  expect(onlyDisagreement(merged(view("node-3", {}, { inSync: false })))).toEqual({
    kind: "replication",
    about: "node-3",
    message: "node-3 is a replica and not in sync",
  });
});

test("a member that some nodes do not know is named, and so are they", () => {
  const result = merged(view("node-1", { "node-3": "unknown" }), view("node-2", { "node-3": "unknown" }));
  expect(onlyDisagreement(result)).toEqual({
    kind: "members",
    about: "node-3",
    message: "node-1, node-2 do not know node-3",
  });
});

test("a member whose role is disputed is named with both sides", () => {
  const result = merged(view("node-2", { "node-3": { role: "primary" } }));
  expect(onlyDisagreement(result)).toEqual({
    kind: "role",
    about: "node-3",
    message: "the role of node-3: node-0, node-1, node-3 say replica; node-2 say primary",
  });
});

test("a replica whose primary is disputed is named with both primaries' names", () => {
  const result = merged(view("node-1", { "node-3": { primaryId: ID["node-2"] } }));
  expect(onlyDisagreement(result)).toEqual({
    kind: "primary",
    about: "node-3",
    message: "the primary of node-3: node-0, node-2, node-3 say node-0; node-1 say node-2",
  });
});

test("a primary that nobody planned is named by its id, and none is called none", () => {
  const stranger = merged(view("node-1", { "node-3": { primaryId: STRANGER } }));
  expect(onlyDisagreement(stranger).message).toContain(`node-1 say ${STRANGER}`);
  const none = merged(view("node-1", { "node-3": { primaryId: undefined } }));
  expect(onlyDisagreement(none).message).toContain("node-1 say none");
});

test("slots that are disputed are written out", () => {
  const result = merged(view("node-0", { "node-1": { slots: [{ first: 5462, last: 10922 }] } }));
  expect(onlyDisagreement(result)).toEqual({
    kind: "slots",
    about: "node-1",
    message: "the slots of node-1: node-0 say 5462-10922; node-1, node-2, node-3 say 5461-10922",
  });
});

test("a member that one node sees without slots is said to have none", () => {
  const result = merged(view("node-0", { "node-1": { slots: [] } }));
  expect(onlyDisagreement(result).message).toContain("node-0 say none");
});

test("the same slots in other ranges are no disagreement", () => {
  const slots = [
    { first: 8000, last: 10922 },
    { first: 5461, last: 7999 },
  ];
  expect(merged(view("node-0", { "node-1": { slots } })).agreed).toBe(true);
});

test.each([
  ["migrating", "node-0", "slot 100 of node-0 is migrating to node-1"],
  ["importing", "node-1", "slot 100 of node-1 is importing from node-0"],
] as const)("a slot that is %s is named with both nodes", (kind, node, message) => {
  const peer = node === "node-0" ? ID["node-1"] : ID["node-0"];
  const result = merged(view(node, { [node]: { openSlots: [{ kind, slot: 100, peer }] } }));
  expect(onlyDisagreement(result)).toEqual({ kind: "open-slot", about: node, message });
});

test("two primaries at one config epoch are named", () => {
  const same = { "node-2": { configEpoch: 2 } };
  const result = merged(...ALL.map((name) => view(name, same)));
  expect(onlyDisagreement(result)).toEqual({
    kind: "epoch",
    about: undefined,
    message: "node-1, node-2 share the config epoch 2",
  });
});

test("a replica and a primary without slots may share a config epoch with anyone", () => {
  const same: Changes = { "node-3": { role: "primary", primaryId: undefined, configEpoch: 1 } };
  expect(merged(...ALL.map((name) => view(name, same))).agreed).toBe(true);
});

test("a lost link is named from the side that lost it", () => {
  const result = merged(view("node-0", { "node-2": { linkConnected: false } }));
  expect(onlyDisagreement(result)).toEqual({
    kind: "link",
    about: "node-2",
    message: "node-0 has no link to node-2",
  });
});

test("nobody needs a link to itself", () => {
  expect(merged(view("node-0", { "node-0": { linkConnected: false } })).agreed).toBe(true);
});

test.each(["fail?", "fail", "handshake", "noaddr"])("the flag %s is alarming", (flag) => {
  const result = merged(view("node-0", { "node-2": { flags: ["nofailover", flag] } }));
  expect(onlyDisagreement(result)).toEqual({
    kind: "flags",
    about: "node-2",
    message: `node-0 flags node-2 as ${flag}`,
  });
});

test("nofailover is a setting and no symptom", () => {
  expect(merged(view("node-0", { "node-2": { flags: ["nofailover"] } })).agreed).toBe(true);
});

test("slots that nobody serves are written out", () => {
  const holes = { "node-2": { slots: [{ first: 10925, last: 16382 }] } };
  const result = merged(...ALL.map((name) => view(name, holes)));
  expect(onlyDisagreement(result)).toEqual({
    kind: "coverage",
    about: undefined,
    message: "nobody who answers serves the slots 10923-10924 16383",
  });
});

test("a primary that is silent serves nothing, whatever the others say of it", () => {
  const silent: NodeView = { kind: "silent", node: "node-1", reason: "away" };
  expect(merged(silent).disagreements.map(({ message }) => message)).toEqual([
    "node-1 gave no view: away",
    "nobody who answers serves the slots 5461-10922",
  ]);
});

test("slots are served by whoever says so itself, also before the others have heard of it", () => {
  const promoted: Changes = {
    "node-3": { role: "primary", primaryId: undefined, configEpoch: 4, slots: [{ first: 0, last: 5460 }] },
  };
  const result = merged({ kind: "silent", node: "node-0", reason: "dead" }, view("node-3", promoted));
  expect(result.disagreements.map(({ kind }) => kind)).not.toContain("coverage");
});

test("slots that only a replica is said to have are served by nobody", () => {
  const demoted: Changes = { "node-2": { role: "replica", primaryId: ID["node-0"] } };
  expect(onlyDisagreement(merged(...ALL.map((name) => view(name, demoted)))).message).toBe(
    "nobody who answers serves the slots 10923-16383",
  );
});

test("the majority's word counts for each member", () => {
  const lone = merged(view("node-0", { "node-3": { role: "primary", primaryId: undefined } }));
  expect(lone.members.find(({ name }) => name === "node-3")?.entry.role).toBe("replica");
  const most = merged(
    view("node-1", { "node-3": { role: "primary", primaryId: undefined } }),
    view("node-2", { "node-3": { role: "primary", primaryId: undefined } }),
    view("node-3", { "node-3": { role: "primary", primaryId: undefined } }),
  );
  expect(most.members.find(({ name }) => name === "node-3")?.entry.role).toBe("primary");
});

test("where as many say one thing as the other, the first node's word counts", () => {
  const halves = merged(
    view("node-2", { "node-3": { role: "primary", primaryId: undefined } }),
    view("node-3", { "node-3": { role: "primary", primaryId: undefined } }),
  );
  expect(halves.members.find(({ name }) => name === "node-3")?.entry.role).toBe("replica");
});

test("a member that this library did not start is named by its address", () => {
  const stranger = entry(STRANGER, {
    address: "172.28.0.99",
    port: 7000,
    role: "replica",
    primaryId: ID["node-0"],
  });
  const { members: usual } = view("node-0") as Answer;
  const result = merged(view("node-0", {}, { members: [...usual, stranger] }));
  expect(onlyDisagreement(result)).toEqual({
    kind: "members",
    about: "172.28.0.99:7000",
    message: "node-1, node-2, node-3 do not know 172.28.0.99:7000",
  });
  expect(result.members.at(-1)).toEqual({ id: STRANGER, name: "172.28.0.99:7000", entry: stranger });
});

test("when no node answers there are no members and no served slots", () => {
  const result = mergeViews([{ kind: "silent", node: "node-0", reason: "away" }], NAMES);
  expect(result.members).toEqual([]);
  expect(result.disagreements.map(({ kind }) => kind)).toEqual(["unreachable", "coverage"]);
});

test("a member's slots come in order", () => {
  const slots = [
    { first: 10, last: 12 },
    { first: 0, last: 9 },
  ];
  expect(memberSlots({ id: STRANGER, name: "node-0", entry: entry(STRANGER, { slots }) })).toEqual([
    { first: 0, last: 12 },
  ]);
});
