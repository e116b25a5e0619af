import { describe, expect, test } from "vitest";
import { type Fingerprint, parseCalls } from "./fingerprint.ts";
import {
  findFailoverChanges,
  findIrreversibleChanges,
  MARK_CALLS,
  STATISTICS_MARK,
  findChangesSinceCleaning,
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

test("a node that was only used keeps its process", () => {
  expect(findIrreversibleChanges(BEFORE, fingerprint(), [], false)).toEqual([]);
  expect(findFailoverChanges(BEFORE, fingerprint())).toEqual([]);
});

test("a node that was told commands with lasting effects loses its process", () => {
  expect(findIrreversibleChanges(BEFORE, fingerprint(), ["debug|sleep", "bgsave"], false)).toEqual([
    "node-1 was told DEBUG SLEEP, BGSAVE",
  ]);
});

test("another process, other modules and reset statistics are noticed", () => {
  expect(findIrreversibleChanges(BEFORE, fingerprint({ runId: "b" }), [], false)).toEqual([
    "node-1 was restarted",
  ]);
  expect(findIrreversibleChanges(BEFORE, fingerprint({ modules: "[1]" }), [], false)).toEqual([
    "node-1 has other modules",
  ]);
  expect(findIrreversibleChanges(BEFORE, fingerprint({ calls: new Map() }), [], false)).toEqual([
    "the statistics of node-1 were reset",
  ]);
});

test("a node that has asked for votes keeps them, and so cannot stay", () => {
  const now = fingerprint({ failoverMessages: new Map([["auth-req_sent", 5]]) });
  expect(findIrreversibleChanges(BEFORE, now, [], false)).toEqual(["node-1 stood for election"]);
  expect(findFailoverChanges(BEFORE, now)).toEqual(["node-1 saw a failover (auth-req_sent)"]);
});

test("statistics that somebody has reset are noticed although the mark was called again", () => {
  const now = fingerprint({ calls: new Map([[STATISTICS_MARK, 1]]) });
  expect(findIrreversibleChanges(BEFORE, now, [], false)).toEqual(["the statistics of node-1 were reset"]);
});

describe("files that the server writes by itself", () => {
  const off = new Map([
    ["save", ""],
    ["appendonly", "no"],
  ]);
  const snapshots = { ...BEFORE.snapshots, saves: 1 };
  const mark = [STATISTICS_MARK, MARK_CALLS] as const;
  const set = new Map([mark, ["config|set", 2] as const]);

  test("a snapshot of a sync leaves no file, so the process stays", () => {
    expect(
      findIrreversibleChanges(
        fingerprint({ config: off }),
        fingerprint({ config: off, snapshots }),
        [],
        false,
      ),
    ).toEqual([]);
  });

  test("a snapshot after CONFIG SET, or one that is being written, costs the process", () => {
    const before = fingerprint({ config: off });
    const lost = ["node-1 saved a snapshot"];
    expect(
      findIrreversibleChanges(before, fingerprint({ config: off, snapshots, calls: set }), [], false),
    ).toEqual(lost);
    const saving = { ...snapshots, saves: 0, saving: true };
    expect(
      findIrreversibleChanges(before, fingerprint({ config: off, snapshots: saving, calls: set }), [], false),
    ).toEqual(lost);
  });

  test("a sync during which save points may have been set costs the process", () => {
    const before = fingerprint({ config: off });
    const kept = ["node-1 may have kept a snapshot"];
    expect(findIrreversibleChanges(before, fingerprint({ config: off, calls: set }), [], true)).toEqual(kept);
    const other = { ...BEFORE.snapshots, replicationId: "s" };
    expect(
      findIrreversibleChanges(before, fingerprint({ config: off, snapshots: other, calls: set }), [], false),
    ).toEqual(kept);
    expect(findIrreversibleChanges(before, fingerprint({ config: off, snapshots: other }), [], true)).toEqual(
      [],
    );
  });

  test("snapshots that the cluster was started with leave nothing, because FLUSHALL writes them again", () => {
    const config = new Map([["save", "1 1"]]);
    expect(
      findIrreversibleChanges(
        fingerprint({ config }),
        fingerprint({ config, snapshots, calls: set }),
        [],
        false,
      ),
    ).toEqual([]);
  });

  test("a setting that has the server write files costs the process", () => {
    const now = fingerprint({ config: new Map([...off, ["save", "1 1"]]) });
    expect(findIrreversibleChanges(fingerprint({ config: off }), now, [], false)).toEqual([
      "node-1 has another save, by which it may have written files",
    ]);
  });

  test("an append-only file that was written in between costs the process", () => {
    const now = fingerprint({ config: off, snapshots: { ...snapshots, saves: 0, rewrites: 1 } });
    expect(findIrreversibleChanges(fingerprint({ config: off }), now, [], false)).toEqual([
      "node-1 wrote an append-only file",
    ]);
  });
});

describe("what was done since the cleaning", () => {
  const config = new Map([["save", ""]]);
  const before = fingerprint({ config, snapshots: { ...BEFORE.snapshots, saves: 4, rewrites: -1 } });
  const since = (
    changes: Partial<Fingerprint>,
    lasting: readonly string[] = [],
    own = 0,
  ): readonly string[] =>
    findChangesSinceCleaning(before, fingerprint({ config, ...changes }), lasting, false, own);
  const called = (settings: number): ReadonlyMap<string, number> =>
    new Map([
      [STATISTICS_MARK, MARK_CALLS],
      ["config|set", settings],
    ]);
  const saved = { ...BEFORE.snapshots, saves: 1 };

  test("is nothing of a node that was only cleaned, or started as new and cleaned", () => {
    expect(since({})).toEqual([]);
    const messages = new Map([["auth-req_sent", 5]]);
    expect(since({ runId: "b", failoverMessages: messages, snapshots: saved })).toEqual([]);
  });

  test("is found by commands with lasting effects", () => {
    expect(since({}, ["config|rewrite"])).toEqual(["node-1 was told CONFIG REWRITE"]);
  });

  test("may be hidden by statistics that were begun again", () => {
    expect(since({ calls: new Map([[STATISTICS_MARK, 2]]) })).toEqual([
      "the statistics of node-1 were reset",
    ]);
  });

  test("cannot be hidden where the server does not have the mark", () => {
    const without = fingerprint({ config, calls: new Map() });
    expect(findChangesSinceCleaning(without, without, [], false, 0)).toEqual([]);
  });

  test("is a snapshot by save points that somebody else has set", () => {
    expect(since({ calls: called(3), snapshots: saved }, [], 2)).toEqual(["node-1 saved a snapshot"]);
    expect(since({ calls: called(2), snapshots: saved }, [], 2)).toEqual([]);
    expect(since({ calls: called(3) }, [], 2)).toEqual([]);
  });
});

test("a failover is seen by its messages, or by the epochs that it left", () => {
  const told = fingerprint({ failoverMessages: new Map([["fail_sent", 6]]) });
  expect(findFailoverChanges(BEFORE, told)).toEqual(["node-1 saw a failover (fail_sent)"]);
  expect(findFailoverChanges(BEFORE, fingerprint({ configEpoch: 7 }))).toEqual([
    "node-1 went from config epoch 2 of 6 to 7 of 6",
  ]);
});

test("calls are read by command and subcommand", () => {
  const text =
    "# Commandstats\r\ncmdstat_config|set:calls=4,usec=11,usec_per_call=2.75\r\ncmdstat_GET:calls=1,usec=1\r\n";
  expect([...parseCalls(text)]).toEqual([
    ["config|set", 4],
    ["get", 1],
  ]);
});
