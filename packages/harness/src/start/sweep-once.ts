import type { Engine } from "../docker/engine.ts";
import { createCleanupEngine } from "../cleanup/cleanup-engine.ts";
import { messageOf } from "../errors.ts";
import { abortable } from "../timing/deadline.ts";
import { log } from "../log.ts";
import { sweep } from "../cleanup/sweep.ts";

/** The stop of a cluster waits for the sweep, and must not wait long for an engine that does not answer. */
const SWEEP_TIMEOUT_MS = 20_000;

let sweeping: Promise<void> | undefined;

/**
 * Removes the resources of dead processes, once per process. Later calls wait for the first sweep. Only the end of a cluster
 * waits for the promise, so that a short program does not end in the middle of the sweep. A start that fails does not wait for
 * it. Never rejects: the next sweep finds whatever remains.
 */
export async function sweepOnce(engine: Engine): Promise<void> {
  sweeping ??= sweepQuietly(engine);
  await sweeping;
}

/** Removes the resources of dead processes, with a timeout of 20 s. Never rejects. */
export async function sweepQuietly(engine: Engine): Promise<void> {
  const signal = AbortSignal.timeout(SWEEP_TIMEOUT_MS);
  const here = { ...engine.owner, hasEngine: engine.location.isOnThisMachine };
  const swept = sweep(createCleanupEngine(engine.docker), here, { dryRun: false, signal });
  try {
    const { removed, left, failed } = await abortable(swept, signal);
    log(
      "sweep: removed %d orphaned resources, kept %d of other owners, failed to remove %d",
      removed.length,
      left.length,
      failed.length,
    );
  } catch (error) {
    log("sweep: ended early: %s", messageOf(error));
  }
}
