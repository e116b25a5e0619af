import { expect, test } from "vitest";
import { aheadOf, errorOf, serverClock } from "./server-clock.ts";

const NOON = Date.UTC(2026, 10, 24, 12);
const MINUTE = 60_000;

test.each([
  ["UTC", 0],
  ["New York", -5 * 60],
  ["Kathmandu, 5:45", 345],
  ["Chatham in summer, 13:45", 825],
])("a line written in the zone of %s has its moment", (_, zoneMinutes) => {
  const written = NOON + zoneMinutes * MINUTE + 137;
  expect(serverClock(0).toHostMs(written, NOON + 150)).toBe(NOON + 137);
  // It may also have been late on its way, or the server's clock a little ahead.
  expect(serverClock(0).toHostMs(written, NOON + 5 * MINUTE)).toBe(NOON + 137);
  expect(serverClock(0).toHostMs(written, NOON - 20)).toBe(NOON + 137);
});

test("a clock that is ahead is put right, by hours too", () => {
  expect(serverClock(400).toHostMs(NOON + 400, NOON + 10)).toBe(NOON);
  expect(serverClock(3 * 60 * MINUTE).toHostMs(NOON + 180 * MINUTE, NOON + 10)).toBe(NOON);
});

test("the quickest answer tells how far a clock is ahead", () => {
  const slow = { sentMs: 0, serverMs: 5_900, receivedMs: 1_000 };
  const quick = { sentMs: 1_000, serverMs: 6_001, receivedMs: 1_002 };
  expect(aheadOf([slow, quick])).toBe(5_000);
  expect(aheadOf([quick, slow])).toBe(5_000);
});

test("what may be the way of the question is no difference", () => {
  expect(aheadOf([{ sentMs: 1_000, serverMs: 1_019, receivedMs: 1_020 }])).toBe(0);
  expect(aheadOf([{ sentMs: 1_000, serverMs: 999.2, receivedMs: 1_001 }])).toBe(0);
  expect(aheadOf([])).toBe(0);
});

test("a difference of clocks is known as exactly as the quickest answer came back", () => {
  const slow = { sentMs: 0, serverMs: 5_900, receivedMs: 1_000 };
  const quick = { sentMs: 1_000, serverMs: 6_001, receivedMs: 1_004 };
  expect(errorOf([slow, quick])).toBe(3);
  expect(errorOf([])).toBe(0);
});
