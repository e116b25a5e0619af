import { expect, test } from "vitest";
import { RunClock } from "./run-clock.ts";

/** A clock that a test moves by hand. */
function movable(): { clock: RunClock; pass: (ms: number) => void; jump: (ms: number) => void } {
  let monotonic = 100;
  let wall = 1_000_100;
  const clock = new RunClock(
    () => wall,
    () => monotonic,
  );
  return {
    clock,
    pass: (ms) => {
      monotonic += ms;
      wall += ms;
      clock.check();
    },
    jump: (ms) => {
      wall += ms;
      clock.check();
    },
  };
}

test("converts both ways while no clock jumps", () => {
  const { clock, pass } = movable();
  pass(50);
  expect(clock.toEpoch(120)).toBe(1_000_120);
  expect(clock.fromEpoch(1_000_120)).toBe(120);
  expect(clock.fromEpoch(1_000_000)).toBe(0);
});

test("converts moments before and after a jump forward by the offset of their time", () => {
  const { clock, pass, jump } = movable();
  pass(50);
  jump(3_600_000);
  pass(50);
  expect(clock.toEpoch(120)).toBe(1_000_120);
  expect(clock.toEpoch(180)).toBe(4_600_180);
  expect(clock.fromEpoch(4_600_180)).toBe(180);
  expect(clock.fromEpoch(1_000_120)).toBe(120);
  // The wall clock never showed this.
  expect(clock.fromEpoch(2_000_000)).toBe(150);
});

test("takes the later moment when the wall clock showed a time twice", () => {
  const { clock, pass, jump } = movable();
  pass(50);
  jump(-40);
  pass(50);
  expect(clock.fromEpoch(1_000_120)).toBe(160);
  expect(clock.fromEpoch(1_000_105)).toBe(105);
});

test("notices a jump when it is asked, not only at the next check", () => {
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

test("does not take the grain of the clocks for a jump", () => {
  const { clock, pass, jump } = movable();
  pass(10);
  jump(2);
  pass(10);
  expect(clock.toEpoch(115)).toBe(1_000_115);
});
