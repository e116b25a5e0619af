import { randomInt } from "node:crypto";
import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { mersenne } from "pure-rand/generator/mersenne";

/** Returns a random seed. It has 32 bits, so that it is easy to copy from a log. */
export function newSeed(): number {
  return randomInt(2 ** 32);
}

/**
 * Returns a generator of numbers from 0 to below 1 that depend only on the seed. Each writer of a workload has its own generator, so
 * that its choices do not depend on when other writers were answered. The Mersenne Twister is used, because users choose small seeds
 * such as 1, 2 and 3, for which the first numbers of faster generators are nearly equal.
 */
export function seededRandom(seed: number): () => number {
  const generator = mersenne(seed);
  return () => uniformFloat64(generator);
}
