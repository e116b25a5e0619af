import { pbkdf2 } from "node:crypto";
import { availableParallelism } from "node:os";
import { promisify } from "node:util";
import { monotonicMs } from "../clock/real-time.ts";

const derive = promisify(pbkdf2);

/** Work that takes {@link REFERENCE_MS} on an idle two-core virtual machine, on which this library's limits were set. */
const ITERATIONS = 40_000;
const REFERENCE_MS = 25;
const ROUNDS = 5;
/** As many at once as Node's own pool of threads has; a busy machine shows only where all its processors are wanted. */
const MOST_AT_ONCE = 4;
/** Beyond this, waiting longer does not help any more. */
const MOST = 20;

let measured: Promise<number> | undefined;

/**
 * By how much slower this machine is at this moment than the one on which the limits were set: 1 or more, in tenths.
 * It takes about 0.1 s where that is 1, and is measured once a process. The engine is taken to be on this machine.
 */
export function measureTimeScale(): Promise<number> {
  measured ??= measure();
  return measured;
}

async function measure(): Promise<number> {
  const atOnce = Math.min(MOST_AT_ONCE, availableParallelism());
  const took: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const begun = monotonicMs();
    await Promise.all(
      Array.from({ length: atOnce }, () => derive("time", "scale", ITERATIONS, 32, "sha256")),
    );
    took.push(monotonicMs() - begun);
  }
  return scaleOf(took);
}

/** The median counts: one round in which something else had the processors is no slow machine. */
export function scaleOf(tookMs: readonly number[]): number {
  const median = tookMs.toSorted((a, b) => a - b)[Math.floor(tookMs.length / 2)] ?? REFERENCE_MS;
  return Math.min(MOST, Math.max(1, Math.round((10 * median) / REFERENCE_MS) / 10));
}
