import { expect, test } from "vitest";
import { timeLeft } from "./time-left.ts";

test("a quarter of the limit is kept for telling what failed", () => {
  expect(timeLeft(4_000, () => 0).leftMs()).toBe(3_000);
});

test("never more than five seconds are kept", () => {
  expect(timeLeft(60_000, () => 0).leftMs()).toBe(55_000);
});

test("time that has passed is gone", () => {
  let now = 100;
  const time = timeLeft(4_000, () => now);
  now = 1_100;
  expect(time.leftMs()).toBe(2_000);
});

test("when nothing is left it is still a limit, and not none", () => {
  let now = 0;
  const time = timeLeft(4_000, () => now);
  now = 9_000;
  expect(time.leftMs()).toBe(1);
});

test.each([0, -1, Number.POSITIVE_INFINITY, undefined])("%s is no limit", (limit) => {
  expect(timeLeft(limit).leftMs()).toBeUndefined();
  expect(timeLeft(limit).limitMs).toBeUndefined();
});
