import { expect, test } from "vitest";
import { startTestDeadline } from "./test-deadline.ts";

test("reserves a quarter of the timeout for reporting a failure", () => {
  expect(startTestDeadline(4_000, () => 0).remainingMs()).toBe(3_000);
});

test("reserves at most five seconds", () => {
  expect(startTestDeadline(60_000, () => 0).remainingMs()).toBe(55_000);
});

test("subtracts the time that has passed", () => {
  let now = 100;
  const deadline = startTestDeadline(4_000, () => now);
  now = 1_100;
  expect(deadline.remainingMs()).toBe(2_000);
});

test("returns at least one millisecond after the deadline", () => {
  let now = 0;
  const deadline = startTestDeadline(4_000, () => now);
  now = 9_000;
  expect(deadline.remainingMs()).toBe(1);
});

test.each([0, -1, Number.POSITIVE_INFINITY, undefined])("sets no deadline for the timeout %s", (timeout) => {
  expect(startTestDeadline(timeout).remainingMs()).toBeUndefined();
  expect(startTestDeadline(timeout).timeoutMs).toBeUndefined();
});
