import { expect, test } from "vitest";
import { contradictionsIn } from "./contradictions.ts";
import { failoverWith } from "./failover.fixture.ts";
import type { FailoverPhases, TimelineEvent } from "./failover.ts";

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
  ] as const
).map(([node, kind, atMs]) => ({ node, kind, atMs: atMs ?? Number.NaN, text: kind }));

test("a failover whose phases are its events does not contradict itself", () => {
  expect(contradictionsIn(failoverWith({ events: EVENTS }))).toEqual([]);
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
