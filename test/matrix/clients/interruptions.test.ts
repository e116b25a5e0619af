import { describe, expect, test } from "vitest";
import { CALM_MS, INTERRUPTION_MS, isCalm, lastInterruptionEnd } from "./interruptions.ts";

/** Returns the times of writes every 50 ms. */
function steady(from: number, to: number): readonly number[] {
  return Array.from({ length: (to - from) / 50 }, (_, index) => from + index * 50);
}

describe("lastInterruptionEnd", () => {
  test("returns the first write after the last interruption", () => {
    const times = [...steady(0, 1_000), ...steady(3_000, 3_500), ...steady(5_000, 6_000)];
    expect(lastInterruptionEnd(times, 1_000)).toBe(5_000);
  });

  test("ignores interruptions that ended before", () => {
    expect(lastInterruptionEnd([...steady(0, 500), ...steady(2_000, 4_000)], 3_000)).toBe(3_000);
  });

  test("counts an interruption that began before", () => {
    expect(lastInterruptionEnd([...steady(0, 1_000), ...steady(2_000, 3_000)], 1_500)).toBe(2_000);
  });

  test("ignores short pauses", () => {
    const times = [...steady(0, 1_000), ...steady(950 + INTERRUPTION_MS, 3_000)];
    expect(lastInterruptionEnd(times, 500)).toBe(500);
  });
});

describe("isCalm", () => {
  test.for([
    { name: "steady writes", times: steady(0, 5_000), calm: true },
    { name: "no writes", times: [], calm: false },
    { name: "writes that have ended", times: steady(0, 4_000), calm: false },
    {
      name: "writes that began too late",
      times: steady(5_000 - CALM_MS + INTERRUPTION_MS + 50, 5_000),
      calm: false,
    },
    { name: "an interruption", times: [...steady(2_000, 3_500), ...steady(4_500, 5_000)], calm: false },
  ])("$name", ({ times, calm }) => {
    expect(isCalm(times, 5_000)).toBe(calm);
  });
});
