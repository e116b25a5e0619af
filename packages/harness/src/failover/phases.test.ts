import { expect, test } from "vitest";
import type { LogEvent } from "./parse-log.ts";
import { isLogIncomplete } from "./phases.ts";
import type { NodeLogLine } from "./watch-logs.ts";

const PROMOTION = {
  ...{ name: "node-4", id: "4".repeat(40), epoch: 7, slots: [] },
  replaced: { name: "node-1", id: "1".repeat(40) },
  ...{ notBefore: 1_000, observedAt: 1_100, toleranceMs: 2 },
};
const PRIMARIES = 3;

function line(node: string, event: LogEvent): NodeLogLine {
  return { node, event, atMs: 1_050, writtenMs: 1_050, text: "" };
}

const STARTED = line("node-4", { kind: "election-started", epoch: 7 });
const ELECTED = line("node-4", { kind: "elected" });
const vote = (node: string, epoch: number): NodeLogLine =>
  line(node, { kind: "vote-granted", to: PROMOTION.id, epoch });

test("the log of an election is complete with the votes of a majority", () => {
  expect(isLogIncomplete(PROMOTION, [STARTED, vote("node-0", 7), vote("node-2", 7)], PRIMARIES)).toBe(true);
  expect(isLogIncomplete(PROMOTION, [STARTED, ELECTED], PRIMARIES)).toBe(true);
  expect(isLogIncomplete(PROMOTION, [STARTED, ELECTED, vote("node-0", 7)], PRIMARIES)).toBe(true);
  const earlier = vote("node-2", 6);
  expect(isLogIncomplete(PROMOTION, [STARTED, ELECTED, vote("node-0", 7), earlier], PRIMARIES)).toBe(true);
  const all = [STARTED, ELECTED, vote("node-0", 7), vote("node-2", 7)];
  expect(isLogIncomplete(PROMOTION, all, PRIMARIES)).toBe(false);
});

test("a promotion without an election needs no votes", () => {
  expect(isLogIncomplete(PROMOTION, [line("node-4", { kind: "manual", step: "takeover" })], PRIMARIES)).toBe(
    false,
  );
});
