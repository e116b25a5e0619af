import { expect, test } from "vitest";
import { RunClock } from "./run-clock.ts";

/** Creates a clock that the test advances. */
function createClock(): { clock: RunClock; advance: (ms: number) => void; jump: (ms: number) => void } {
  let monotonic = 100;
  let wall = 1_000_100;
  const clock = new RunClock(
    () => wall,
    () => monotonic,
  );
  return {
    clock,
    advance: (ms) => {
      monotonic += ms;
      wall += ms;
      clock.detectJump();
    },
    jump: (ms) => {
      wall += ms;
      clock.detectJump();
    },
  };
}

test("converts in both directions while no clock jumps", () => {
  const { clock, advance } = createClock();
  advance(50);
  expect(clock.toEpoch(120)).toBe(1_000_120);
  expect(clock.fromEpoch(1_000_120)).toBe(120);
  expect(clock.fromEpoch(1_000_000)).toBe(0);
});

test("converts times before and after a jump with the offset of that time", () => {
  const { clock, advance, jump } = createClock();
  advance(50);
  jump(3_600_000);
  advance(50);
  expect(clock.toEpoch(120)).toBe(1_000_120);
  expect(clock.toEpoch(180)).toBe(4_600_180);
  expect(clock.fromEpoch(4_600_180)).toBe(180);
  expect(clock.fromEpoch(1_000_120)).toBe(120);
  // The wall clock never showed this time.
  expect(clock.fromEpoch(2_000_000)).toBe(150);
});

test("returns the later time if the wall clock showed a time twice", () => {
  const { clock, advance, jump } = createClock();
  advance(50);
  jump(-40);
  advance(50);
  expect(clock.fromEpoch(1_000_120)).toBe(160);
  expect(clock.fromEpoch(1_000_105)).toBe(105);
});

test("fromEpoch detects a jump without an explicit call of detectJump", () => {
  let wall = 1_000;
  let monotonic = 0;
  const clock = new RunClock(
    () => wall,
    () => monotonic,
  );
  monotonic = 10;
  wall = 501_010;
  expect(clock.fromEpoch(501_010)).toBe(10);
});

test("ignores changes within the tolerance", () => {
  const { clock, advance, jump } = createClock();
  advance(10);
  jump(2);
  advance(10);
  expect(clock.toEpoch(115)).toBe(1_000_115);
});
