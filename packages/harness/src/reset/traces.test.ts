import { expect, test } from "vitest";
import { type Fingerprint, parseCalls } from "./fingerprint.ts";
import { ELECTION_LINE, failoverTraces, lastingTraces, STATISTICS_MARK } from "./traces.ts";

function fingerprint(changes: Partial<Fingerprint> = {}): Fingerprint {
  return {
    node: "node-1",
    runId: "a",
    config: new Map(),
    acl: [],
    modules: "[]",
    configEpoch: 2,
    failoverMessages: new Map([["fail_sent", 5]]),
    calls: new Map([[STATISTICS_MARK, 1]]),
    view: { kind: "answered", node: "node-1", state: "ok", currentEpoch: 6, members: [], inSync: true },
    ...changes,
  };
}

const BEFORE = fingerprint();

function called(...names: readonly string[]): Fingerprint {
  return fingerprint({ calls: new Map([STATISTICS_MARK, ...names].map((name) => [name, 1])) });
}

test("a node that was only used has nothing that a new process would be needed for", () => {
  expect(
    lastingTraces(BEFORE, called("set", "config|set", "cluster|nodes", "acl|setuser", "flushall")),
  ).toEqual([]);
  expect(failoverTraces(BEFORE, called("get"))).toEqual([]);
});

test.each([
  ["debug", "DEBUG"],
  ["debug|sleep", "DEBUG SLEEP"],
  ["config|rewrite", "CONFIG REWRITE"],
  ["bgsave", "BGSAVE"],
  ["acl|save", "ACL SAVE"],
  ["cluster|forget", "CLUSTER FORGET"],
  ["cluster|setslot", "CLUSTER SETSLOT"],
  ["module|loadex", "MODULE LOADEX"],
])("%s leaves what no command takes back", (name, words) => {
  expect(lastingTraces(BEFORE, called(name))).toEqual([`node-1 was told ${words}`]);
});

test("another process, other modules and reset statistics are noticed", () => {
  expect(lastingTraces(BEFORE, fingerprint({ runId: "b" }))).toEqual(["node-1 was restarted"]);
  expect(lastingTraces(BEFORE, fingerprint({ modules: "[1]" }))).toEqual(["node-1 has other modules"]);
  expect(lastingTraces(BEFORE, fingerprint({ calls: new Map() }))).toEqual([
    "the statistics of node-1 were reset",
  ]);
});

test("a node that has asked for votes keeps them, and so cannot stay", () => {
  const now = fingerprint({ failoverMessages: new Map([["auth-req_sent", 5]]) });
  expect(lastingTraces(BEFORE, now)).toEqual(["node-1 stood for election"]);
  expect(failoverTraces(BEFORE, now)).toEqual(["node-1 saw a failover (auth-req_sent)"]);
});

test("a failover is seen by its messages, or by the epochs that it left", () => {
  const told = fingerprint({ failoverMessages: new Map([["fail_sent", 6]]) });
  expect(failoverTraces(BEFORE, told)).toEqual(["node-1 saw a failover (fail_sent)"]);
  expect(failoverTraces(BEFORE, fingerprint({ configEpoch: 7 }))).toEqual([
    "node-1 went from config epoch 2 of 6 to 7 of 6",
  ]);
});

test("a planned election shows in the log, whether it was held or not", () => {
  expect("Start of election delayed for 539 milliseconds (rank #0, offset 42).").toMatch(ELECTION_LINE);
  expect("Marking node abc as failing (quorum reached).").not.toMatch(ELECTION_LINE);
});

test("calls are read by command and subcommand", () => {
  const text =
    "# Commandstats\r\ncmdstat_config|set:calls=4,usec=11,usec_per_call=2.75\r\ncmdstat_GET:calls=1,usec=1\r\n";
  expect([...parseCalls(text)]).toEqual([
    ["config|set", 4],
    ["get", 1],
  ]);
});
