import { expect, test } from "vitest";
import { contradictionsIn } from "./contradictions.ts";
import { failoverWith } from "./failover.fixture.ts";
import type { Failover, FailoverPhases, TimelineEvent } from "./failover.ts";
import { lateWritesText } from "./late-writes.ts";

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

/** As after a takeover whose old primary was cut off from the nodes only. */
const SPLIT: Partial<Failover> = {
  acknowledgedByOldPrimary: { count: 12, lastMs: 1700 },
  events: [...EVENTS, { node: "node-1", kind: "late-write", atMs: 1700, text: lateWritesText(12) }],
};

test("a failover whose phases are its events does not contradict itself", () => {
  expect(contradictionsIn(failoverWith({ events: EVENTS }))).toEqual([]);
  expect(contradictionsIn(failoverWith(SPLIT))).toEqual([]);
  expect(contradictionsIn(failoverWith())).toEqual([]);
});

test.for(
  Object.entries(phases).flatMap(([phase, at]) =>
    typeof at === "number" && phase !== "announcedDelayMs" ? [phase as keyof FailoverPhases] : [],
  ),
)("a shifted %s is a contradiction", (phase) => {
  for (const by of [-700, -2, 2, 700]) {
    const shifted = { ...phases, [phase]: Number(phases[phase]) + by };
    expect(contradictionsIn(failoverWith({ events: EVENTS, phases: shifted })).join()).toContain(
      `${phase} of node-5 is ${String(shifted[phase])}`,
    );
  }
});

test("phases of another node's events are a contradiction", () => {
  const changed = { ...phases, failedBy: "node-2" };
  expect(contradictionsIn(failoverWith({ events: EVENTS, phases: changed }))).toEqual([
    expect.stringContaining("failedMs"),
  ]);
});

test("phases in an impossible order are a contradiction, also without events", () => {
  const changed = { ...phases, electedMs: 1501, recoveredMs: 900 };
  expect(contradictionsIn(failoverWith({ phases: changed }))).toEqual([
    "electedMs of node-5 is 1501, after recoveredMs at 900",
  ]);
});

test("an order that the clocks of a distant engine cannot tell is no contradiction", () => {
  const distant = failoverWith({
    clockErrorMs: 202,
    phases: { ...phases, votesMs: 1600, electedMs: 1399 },
    promotions: [{ name: "node-5", epoch: 9, atMs: 1399 }],
  });
  expect(contradictionsIn(distant)).toEqual([]);
  expect(contradictionsIn({ ...distant, clockErrorMs: 0 })).toEqual([
    "votesMs of node-5 is 1600, after electedMs at 1399",
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
  ["an earlier end of them", { acknowledgedByOldPrimary: { count: 12, lastMs: 1680 } }],
  ["none of them", { acknowledgedByOldPrimary: { count: 0, lastMs: undefined } }],
])("%s is a contradiction", (_, changes) => {
  expect(contradictionsIn(failoverWith({ ...SPLIT, ...changes }))).not.toEqual([]);
});

test("invented writes of the old primary are a contradiction", () => {
  const changes = { events: EVENTS, acknowledgedByOldPrimary: { count: 1, lastMs: 1700 } };
  expect(contradictionsIn(failoverWith(changes))).toHaveLength(1);
});

test("writes at times that cannot be are a contradiction, also without events", () => {
  const changes = { lastWriteMs: 1701, acknowledgedByOldPrimary: { count: 3, lastMs: 1300 } };
  expect(contradictionsIn(failoverWith(changes))).toEqual([
    "lastWriteMs of node-5 is 1701, after its promotion at 1501",
    "the first promotion of node-5 is 1501, after acknowledgedByOldPrimary.lastMs at 1300",
  ]);
});
