import type { Engine } from "../docker/engine.ts";
import { createCleanupEngine } from "../docker/cleanup-engine.ts";
import { messageOf } from "../errors.ts";
import { abortable } from "../timing/deadline.ts";
import { log } from "../log.ts";
import { sweep } from "../cleanup/sweep.ts";

/** Stopping waits for the sweep, and is not to wait long for an engine in trouble. */
const SWEEP_LIMIT_MS = 20_000;

let swept: Promise<void> | undefined;

/**
 * Removes what dead processes left, with the first cluster of this process. Only the end of a cluster waits for the
 * promise, so that a short program does not leave the sweep half done. A start that fails does not wait for it. It never
 * rejects: whatever is left is found by the next sweep.
 */
export async function sweepOnce(engine: Engine): Promise<void> {
  swept ??= sweepQuietly(engine);
  await swept;
}

/** Removes what dead processes left, as far as that can be done within some seconds. Never throws. */
export async function sweepQuietly(engine: Engine): Promise<void> {
  const signal = AbortSignal.timeout(SWEEP_LIMIT_MS);
  const here = { ...engine.owner, hasEngine: engine.location.isOnThisMachine };
  const sweeping = sweep(createCleanupEngine(engine.docker), here, { dryRun: false, signal });
  try {
    const { removed, left, failed } = await abortable(sweeping, signal);
    log(
      "swept: %d orphans removed, %d things of others left, %d failed",
      removed.length,
      left.length,
      failed.length,
    );
  } catch (error) {
    log("the sweep ended early: %s", messageOf(error));
  }
}
