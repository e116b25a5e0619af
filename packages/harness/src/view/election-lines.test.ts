import { expect, test } from "vitest";
import { lastElectionMs, hasElectionLine } from "./election-lines.ts";

const BOOT =
  "2026-11-24T22:47:30.000000000Z 1:C 24 Nov 2026 22:47:30.000 * oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo";
const election = (second: number): string =>
  `2026-11-24T22:47:${second}.125000000Z 1:S 24 Nov 2026 22:47:${second}.124 * Starting a failover election for epoch 7.`;

test("lastElectionMs returns the engine timestamp of the last election", () => {
  const log = [BOOT, election(31), election(32), "2026-11-24T22:47:33.000000000Z 1:M ... * other"].join("\n");
  expect(lastElectionMs(log)).toBe(Date.UTC(2026, 10, 24, 22, 47, 32, 125));
});

test("lastElectionMs ignores elections of an earlier process", () => {
  expect(lastElectionMs([election(29), BOOT].join("\n"))).toBeUndefined();
  expect(lastElectionMs("")).toBeUndefined();
});

test.each([
  "1:S 24 Nov 2026 22:47:32.124 * Start of election delayed for 539 milliseconds (rank #0, offset 42).",
  "1:S 24 Nov 2026 22:47:32.124 # Start of election delayed for 0 milliseconds (rank #0, primary rank #0, offset 42).",
  "1:S 24 Nov 2026 22:47:32.124 # Starting a failover election for epoch 7.",
  "2026-11-24T22:47:32.125000000Z 1:S 2026-11-24T22:47:32.124+00:00 * Starting a failover election for epoch 7.",
  'pid=1 role=replica timestamp="24 Nov 2026 22:47:32.124" level=notice message="Starting a failover election for epoch 7."',
  "1:M 24 Nov 2026 22:47:32.124 * Failover election won: I'm the new master.",
  "1:S 24 Nov 2026 22:47:32.124 * This is the best ranked replica and can initiate the election immediately",
])("hasElectionLine recognizes %s", (line) => {
  expect(hasElectionLine(["1:M 24 Nov 2026 22:47:30.000 * Ready", line].join("\r\n"))).toBe(true);
});

test("hasElectionLine ignores lines about the elections of other nodes", () => {
  const log = [
    "1:M 24 Nov 2026 22:47:32.124 * Marking node abc as failing (quorum reached).",
    "1:M 24 Nov 2026 22:47:32.124 * Failover auth granted to abc for epoch 7",
  ].join("\n");
  expect(hasElectionLine(log)).toBe(false);
  expect(hasElectionLine("")).toBe(false);
});
