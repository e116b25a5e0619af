import { describe, expect, test } from "vitest";
import { type Fingerprint, parseCalls } from "./fingerprint.ts";
import {
  findChangesSinceCleaning,
  findFailoverChanges,
  findIrreversibleChanges,
  MARK_CALLS,
  STATISTICS_MARK,
} from "./irreversible-changes.ts";

function fingerprint(changes: Partial<Fingerprint> = {}): Fingerprint {
  return {
    node: "node-1",
    runId: "a",
    at: 0,
    config: new Map(),
    acl: [],
    modules: "[]",
    configEpoch: 2,
    failoverMessages: new Map([["fail_sent", 5]]),
    calls: new Map([[STATISTICS_MARK, MARK_CALLS]]),
    snapshots: { saves: 0, rewrites: 0, saving: false, unwritten: 0, syncs: 0, replicationId: "r" },
    held: { keys: 0, scripts: 0, functions: 0, failureReports: 0, followers: 0 },
    view: { kind: "answered", node: "node-1", state: "ok", currentEpoch: 6, members: [], inSync: true },
    ...changes,
  };
}

const BEFORE = fingerprint();
const STATISTICS_RESET = "the command statistics of node-1 were reset";

test("finds no change if the node was only used", () => {
  expect(findIrreversibleChanges(BEFORE, fingerprint(), [], false)).toEqual([]);
  expect(findFailoverChanges(BEFORE, fingerprint())).toEqual([]);
});

test("finds commands with lasting effects", () => {
  expect(findIrreversibleChanges(BEFORE, fingerprint(), ["debug|sleep", "bgsave"], false)).toEqual([
    "node-1 executed commands with lasting or unknown effects (DEBUG SLEEP, BGSAVE)",
  ]);
});

test("finds another process, other modules and reset statistics", () => {
  const find = (changes: Partial<Fingerprint>): readonly string[] =>
    findIrreversibleChanges(BEFORE, fingerprint(changes), [], false);
  expect(find({ runId: "b" })).toEqual(["node-1 was restarted"]);
  expect(find({ modules: "[1]" })).toEqual(["the modules of node-1 have changed"]);
  expect(find({ calls: new Map() })).toEqual([STATISTICS_RESET]);
});

test("finds that a node has requested votes, which it keeps", () => {
  const now = fingerprint({ failoverMessages: new Map([["auth-req_sent", 5]]) });
  expect(findIrreversibleChanges(BEFORE, now, [], false)).toEqual(["node-1 requested votes in an election"]);
  expect(findFailoverChanges(BEFORE, now)).toEqual([
    "node-1 exchanged messages of a failover (auth-req_sent)",
  ]);
});

test("finds reset statistics even if the mark command was called again", () => {
  const now = fingerprint({ calls: new Map([[STATISTICS_MARK, 1]]) });
  expect(findIrreversibleChanges(BEFORE, now, [], false)).toEqual([STATISTICS_RESET]);
});

describe("files that the server writes by itself", () => {
  const config = new Map([
    ["save", ""],
    ["appendonly", "no"],
  ]);
  const snapshots = { ...BEFORE.snapshots, saves: 1 };
  const withConfigSet = new Map([
    [STATISTICS_MARK, MARK_CALLS],
    ["config|set", 2],
  ]);
  const find = (changes: Partial<Fingerprint>, hadFullSync = false): readonly string[] =>
    findIrreversibleChanges(fingerprint({ config }), fingerprint({ config, ...changes }), [], hadFullSync);

  test("do not include the snapshot of a sync, which the server deletes", () => {
    expect(find({ snapshots })).toEqual([]);
  });

  test("include a snapshot after CONFIG SET, also one that is being written", () => {
    const expected = ["node-1 saved a snapshot"];
    expect(find({ snapshots, calls: withConfigSet })).toEqual(expected);
    const saving = { ...snapshots, saves: 0, saving: true };
    expect(find({ snapshots: saving, calls: withConfigSet })).toEqual(expected);
  });

  test("include the snapshot of a sync if save points may have been set", () => {
    const expected = ["node-1 may have kept the snapshot of a sync"];
    expect(find({ calls: withConfigSet }, true)).toEqual(expected);
    const otherReplicationId = { ...BEFORE.snapshots, replicationId: "s" };
    expect(find({ snapshots: otherReplicationId, calls: withConfigSet })).toEqual(expected);
    expect(find({ snapshots: otherReplicationId }, true)).toEqual([]);
  });

  test("do not include snapshots of planned save points, which FLUSHALL writes again", () => {
    const withSavePoints = new Map([["save", "1 1"]]);
    const before = fingerprint({ config: withSavePoints });
    const now = fingerprint({ config: withSavePoints, snapshots, calls: withConfigSet });
    expect(findIrreversibleChanges(before, now, [], false)).toEqual([]);
  });

  test("are possible if a setting for files has changed", () => {
    expect(find({ config: new Map([...config, ["save", "1 1"]]) })).toEqual([
      "node-1 may have written files, because settings have changed (save)",
    ]);
  });

  test("include an append-only file that was written meanwhile", () => {
    expect(find({ snapshots: { ...snapshots, saves: 0, rewrites: 1 } })).toEqual([
      "node-1 wrote an append-only file",
    ]);
  });
});

describe("changes since the cleaning", () => {
  const config = new Map([["save", ""]]);
  const before = fingerprint({ config, snapshots: { ...BEFORE.snapshots, saves: 4, rewrites: -1 } });
  const find = (
    changes: Partial<Fingerprint>,
    lasting: readonly string[] = [],
    ownConfigSetCalls = 0,
  ): readonly string[] =>
    findChangesSinceCleaning(before, fingerprint({ config, ...changes }), lasting, false, ownConfigSetCalls);
  const withConfigSets = (count: number): ReadonlyMap<string, number> =>
    new Map([
      [STATISTICS_MARK, MARK_CALLS],
      ["config|set", count],
    ]);
  const saved = { ...BEFORE.snapshots, saves: 1 };

  test("are empty for a node that was only cleaned, or restarted as new and cleaned", () => {
    expect(find({})).toEqual([]);
    const messages = new Map([["auth-req_sent", 5]]);
    expect(find({ runId: "b", failoverMessages: messages, snapshots: saved })).toEqual([]);
  });

  test("include commands with lasting effects", () => {
    expect(find({}, ["config|rewrite"])).toEqual([
      "node-1 executed commands with lasting or unknown effects (CONFIG REWRITE)",
    ]);
  });

  test("include statistics that a client has reset", () => {
    expect(find({ calls: new Map([[STATISTICS_MARK, 2]]) })).toEqual([STATISTICS_RESET]);
  });

  test("are empty if the server does not have the mark command", () => {
    const withoutMark = fingerprint({ config, calls: new Map() });
    expect(findChangesSinceCleaning(withoutMark, withoutMark, [], false, 0)).toEqual([]);
  });

  test("include a snapshot if a client may have set save points", () => {
    expect(find({ calls: withConfigSets(3), snapshots: saved }, [], 2)).toEqual(["node-1 saved a snapshot"]);
    expect(find({ calls: withConfigSets(2), snapshots: saved }, [], 2)).toEqual([]);
    expect(find({ calls: withConfigSets(3) }, [], 2)).toEqual([]);
  });
});

test("finds a failover by its messages, or by changed epochs", () => {
  const withMessages = fingerprint({ failoverMessages: new Map([["fail_sent", 6]]) });
  expect(findFailoverChanges(BEFORE, withMessages)).toEqual([
    "node-1 exchanged messages of a failover (fail_sent)",
  ]);
  expect(findFailoverChanges(BEFORE, fingerprint({ configEpoch: 7 }))).toEqual([
    "the epochs of node-1 have changed: " +
      "expected config epoch 2 and current epoch 6, got config epoch 7 and current epoch 6",
  ]);
});

test("reads the call counts of commands and subcommands", () => {
  const text =
    "# Commandstats\r\ncmdstat_config|set:calls=4,usec=11,usec_per_call=2.75\r\ncmdstat_GET:calls=1,usec=1\r\n";
  expect([...parseCalls(text)]).toEqual([
    ["config|set", 4],
    ["get", 1],
  ]);
});
