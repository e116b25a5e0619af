import { expect, test } from "vitest";
import { findContradictions } from "./contradictions.ts";
import { failoverWith } from "./failover.fixture.ts";
import type { Failover, FailoverPhases, TimelineEvent } from "./failover.ts";
import { formatLateWrites } from "./format-late-writes.ts";

const { phases } = failoverWith();

/** An event for each phase, as an observation records them. */
const EVENTS: readonly TimelineEvent[] = (
  [
    ["node-4", "flag", phases.suspectedMs],
    ["node-0", "failed", phases.failedMs],
    ["node-5", "election-scheduled", phases.electionScheduledMs],
    ["node-5", "election-started", phases.electionStartedMs],
    ["node-2", "vote-granted", phases.votesMs],
    ["node-5", "elected", phases.electedMs],
    ["node-5", "serving", phases.servingMs],
    ["node-5", "agreed", phases.agreedMs],
    ["node-5", "recovered", phases.recoveredMs],
    ["node-1", "last-write", -4],
    ["node-5", "promoted", 1502, "serves 5461-10922 at epoch 9"],
  ] as const
).map(([node, kind, atMs, text = kind]) => ({ node, kind, atMs: atMs ?? Number.NaN, text }));

/** The result of a takeover while the old primary is cut off from the nodes, but not from clients. */
const SPLIT: Partial<Failover> = {
  acknowledgedByOldPrimary: { count: 12, lastMs: 1700 },
  events: [...EVENTS, { node: "node-1", kind: "late-write", atMs: 1700, text: formatLateWrites(12) }],
};

test("a failover whose phases match its events has no contradictions", () => {
  expect(findContradictions(failoverWith({ events: EVENTS }))).toEqual([]);
  expect(findContradictions(failoverWith(SPLIT))).toEqual([]);
  expect(findContradictions(failoverWith())).toEqual([]);
});

test.for(
  Object.entries(phases).flatMap(([phase, value]) =>
    typeof value === "number" && phase !== "announcedDelayMs" ? [phase as keyof FailoverPhases] : [],
  ),
)("a changed %s is a contradiction", (phase) => {
  for (const shiftMs of [-700, -2, 2, 700]) {
    const shifted = { ...phases, [phase]: Number(phases[phase]) + shiftMs };
    expect(findContradictions(failoverWith({ events: EVENTS, phases: shifted })).join()).toContain(
      `${phase} of node-5 is ${String(shifted[phase])}`,
    );
  }
});

test("a phase that only an event of another node supports is a contradiction", () => {
  const changed = { ...phases, failedBy: "node-2" };
  expect(findContradictions(failoverWith({ events: EVENTS, phases: changed }))).toEqual([
    expect.stringContaining("failedMs"),
  ]);
});

test("phases in an impossible order are a contradiction even without events", () => {
  const changed = { ...phases, electedMs: 1501, recoveredMs: 900 };
  expect(findContradictions(failoverWith({ phases: changed }))).toEqual([
    "electedMs of node-5 (1501) is later than recoveredMs (900)",
  ]);
});

test("a wrong order within clockErrorMs is not a contradiction", () => {
  const distant = failoverWith({
    clockErrorMs: 202,
    phases: { ...phases, votesMs: 1600, electedMs: 1399 },
    promotions: [{ name: "node-5", epoch: 9, atMs: 1399 }],
  });
  expect(findContradictions(distant)).toEqual([]);
  expect(findContradictions({ ...distant, clockErrorMs: 0 })).toEqual([
    "votesMs of node-5 (1600) is later than electedMs (1399)",
  ]);
});

test.each<readonly [string, Partial<Failover>]>([
  ["an earlier last write", { lastWriteMs: -24 }],
  ["a later last write", { lastWriteMs: 300 }],
  ["no last write", { lastWriteMs: undefined }],
  ["a promotion at another time", { promotions: [{ name: "node-5", epoch: 9, atMs: 1481 }] }],
  ["a promotion with another epoch", { promotions: [{ name: "node-5", epoch: 8, atMs: 1501 }] }],
  ["a promotion of another node", { promotions: [{ name: "node-2", epoch: 9, atMs: 1501 }] }],
  ["another epoch at the end", { epochAfter: 8 }],
  ["no promotion", { promotions: [] }],
  [
    "an invented promotion",
    { promotions: [{ name: "node-0", epoch: 8, atMs: 1000 }, ...failoverWith().promotions] },
  ],
  ["fewer writes of the old primary", { acknowledgedByOldPrimary: { count: 11, lastMs: 1700 } }],
  ["an earlier last write of the old primary", { acknowledgedByOldPrimary: { count: 12, lastMs: 1680 } }],
  ["no writes of the old primary", { acknowledgedByOldPrimary: { count: 0, lastMs: undefined } }],
])("%s is a contradiction", (_, changes) => {
  expect(findContradictions(failoverWith({ ...SPLIT, ...changes }))).not.toEqual([]);
});

test("writes of the old primary without an event are a contradiction", () => {
  const changes = { events: EVENTS, acknowledgedByOldPrimary: { count: 1, lastMs: 1700 } };
  expect(findContradictions(failoverWith(changes))).toHaveLength(1);
});

test("writes at impossible times are a contradiction even without events", () => {
  const changes = { lastWriteMs: 1701, acknowledgedByOldPrimary: { count: 3, lastMs: 1300 } };
  expect(findContradictions(failoverWith(changes))).toEqual([
    "lastWriteMs of node-5 (1701) is later than its promotion (1501)",
    "the first promotion of node-5 (1501) is later than acknowledgedByOldPrimary.lastMs (1300)",
  ]);
});
