import { expect, test } from "vitest";
import { formatCell, NO_MAP, type Trial } from "./cell.ts";

function trial(recoveredMs: number | undefined, errors: number, lost: number): Trial {
  const survival = {
    serversMs: 8_000,
    recoveredMs,
    acknowledged: 100,
    errors: errors === 0 ? {} : { CLUSTERDOWN: 1, MOVED: errors - 1 },
    lost,
    longestMs: 10,
  };
  return { name: "kill", version: "1.0.0", survival, obstacle: undefined };
}

function untried(obstacle: string): Trial {
  return { name: "kill", version: "", survival: undefined, obstacle };
}

test.for([
  { trials: [trial(9_000, 3, 0), trial(8_400, 7, 2), trial(12_000, 5, 0)], text: "9.0 s, 5 errors, 2 lost" },
  { trials: [trial(0, 0, 0), trial(0, 0, 0), trial(700, 0, 0)], text: "uninterrupted, 0 errors, 0 lost" },
  {
    trials: [trial(undefined, 40, 0), trial(8_000, 2, 0), trial(undefined, 60, 0)],
    text: "recovers in 1 of 3 rounds, 8.0 s, 40 errors, 0 lost",
  },
  { trials: [trial(undefined, 1, 0)], text: "recovers in 0 of 1 rounds, 1 error, 0 lost" },
  { trials: [untried(NO_MAP), untried(NO_MAP)], text: NO_MAP },
  { trials: [untried("Error: no image")], text: "not run" },
  { trials: [], text: "not run" },
])("$text", ({ trials, text }) => {
  expect(formatCell(trials)).toBe(text);
});
