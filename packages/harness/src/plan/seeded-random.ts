import { randomInt } from "node:crypto";

/** Returns a random seed of 32 bits, which is short enough to be copied from a log. */
export function newSeed(): number {
  return randomInt(2 ** 32);
}

/**
 * Returns a generator of numbers from 0 to below 1 that depend only on the seed. The algorithm is mulberry32, which has a state
 * of 32 bits. Each writer of a workload has its own generator, so that its choices do not depend on the timing of other writers.
 */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
