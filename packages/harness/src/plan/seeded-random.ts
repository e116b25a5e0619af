import { randomInt } from "node:crypto";

/** A seed to give back later: 32 bits, so that it is easy to copy from a log. */
export function newSeed(): number {
  return randomInt(2 ** 32);
}

/**
 * Numbers from 0 to below 1 that depend on the seed alone: mulberry32, whose whole state is one 32-bit number. Each
 * writer has one of its own, so that what it chooses does not depend on when the others were answered.
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
