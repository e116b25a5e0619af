import { expect, test } from "vitest";
import { lastElection } from "./kept-votes.ts";

const BOOT =
  "2026-11-24T22:47:30.000000000Z 1:C 24 Nov 2026 22:47:30.000 * oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo";
const election = (second: number): string =>
  `2026-11-24T22:47:${second}.125000000Z 1:S 24 Nov 2026 22:47:${second}.124 * Starting a failover election for epoch 7.`;

test("the last election counts, by the engine's stamp", () => {
  const log = [BOOT, election(31), election(32), "2026-11-24T22:47:33.000000000Z 1:M ... * other"].join("\n");
  expect(lastElection(log)).toBe(Date.UTC(2026, 10, 24, 22, 47, 32, 125));
});

test("a process that was started since has held none", () => {
  expect(lastElection([election(29), BOOT].join("\n"))).toBeUndefined();
  expect(lastElection("")).toBeUndefined();
});
