import { expect, test } from "vitest";
import { measureTimeScale, scaleOf } from "./measure-time-scale.ts";

test("a machine that is as fast as the reference, or faster, is not stretched", () => {
  expect(scaleOf([25, 25, 25])).toBe(1);
  expect(scaleOf([6, 5, 7])).toBe(1);
});

test("a slower machine is stretched in proportion, in tenths and not without end", () => {
  expect(scaleOf([50, 50, 50])).toBe(2);
  expect(scaleOf([33, 31, 32])).toBe(1.3);
  expect(scaleOf([5_000, 5_000, 5_000])).toBe(20);
});

test("one slow round is no slow machine", () => {
  expect(scaleOf([20, 900, 21, 19, 22])).toBe(1);
});

test("this machine is measured once", async () => {
  const scale = await measureTimeScale();
  expect(scale).toBeGreaterThanOrEqual(1);
  expect(scale).toBeLessThanOrEqual(20);
  expect(await measureTimeScale()).toBe(scale);
});
