import { expect, test } from "vitest";
import { computeOffset, computeOffsetError, createServerClock } from "./server-clock.ts";

const NOON = Date.UTC(2026, 10, 24, 12);
const MINUTE = 60_000;

test.each([
  ["UTC", 0],
  ["New York", -5 * 60],
  ["Kathmandu, 5:45", 345],
  ["Chatham in summer, 13:45", 825],
])("the time of a line in the time zone of %s is converted", (_, zoneMinutes) => {
  const written = NOON + zoneMinutes * MINUTE + 137;
  expect(createServerClock(0).toHostMs(written, NOON + 150)).toBe(NOON + 137);
  // The line may also arrive late, or the clock of the server may be slightly ahead.
  expect(createServerClock(0).toHostMs(written, NOON + 5 * MINUTE)).toBe(NOON + 137);
  expect(createServerClock(0).toHostMs(written, NOON - 20)).toBe(NOON + 137);
});

test("the offset of a clock is subtracted, even if it is several hours", () => {
  expect(createServerClock(400).toHostMs(NOON + 400, NOON + 10)).toBe(NOON);
  expect(createServerClock(3 * 60 * MINUTE).toHostMs(NOON + 180 * MINUTE, NOON + 10)).toBe(NOON);
});

test("the fastest reply determines the offset of a clock", () => {
  const slow = { sentMs: 0, serverMs: 5_900, receivedMs: 1_000 };
  const fast = { sentMs: 1_000, serverMs: 6_001, receivedMs: 1_002 };
  expect(computeOffset([slow, fast])).toBe(5_000);
  expect(computeOffset([fast, slow])).toBe(5_000);
});

test("an offset that the network delay can explain is 0", () => {
  expect(computeOffset([{ sentMs: 1_000, serverMs: 1_019, receivedMs: 1_020 }])).toBe(0);
  expect(computeOffset([{ sentMs: 1_000, serverMs: 999.2, receivedMs: 1_001 }])).toBe(0);
  expect(computeOffset([])).toBe(0);
});

test("the error of an offset is half of the fastest round trip plus 1 ms", () => {
  const slow = { sentMs: 0, serverMs: 5_900, receivedMs: 1_000 };
  const fast = { sentMs: 1_000, serverMs: 6_001, receivedMs: 1_004 };
  expect(computeOffsetError([slow, fast])).toBe(3);
  expect(computeOffsetError([])).toBe(0);
});
