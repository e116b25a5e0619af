import { findClient, locateEngine } from "../docker/engine.ts";
import { openCleanupEngine } from "../docker/cleanup-engine.ts";
import { messageOf, RedisClusterError } from "../errors.ts";
import { abortable } from "../timing/deadline.ts";
import { type WaitOptions, startCallDeadline } from "../timing/call-deadline.ts";
import { type SweepReport, sweep } from "../cleanup/sweep.ts";
import { currentOwner } from "../cleanup/current-owner.ts";

/** What {@link sweepOrphans} takes. */
export interface SweepOptions extends WaitOptions {
  /** Only tells what would be removed. Default: false. */
  readonly dryRun?: boolean | undefined;
}

const TIMEOUT_MS = 30_000;

/**
 * Removes the containers, networks and volumes of clusters whose process is dead: one of this machine and this user,
 * beyond doubt. Everything else is left, and the report says why. What the engine refuses to remove is tried a few
 * times and then reported, not thrown. Several sweeps at once do no harm. What is removed when the time is over, or
 * when it is aborted, stays removed.
 *
 * The first cluster that a process starts sweeps by itself; call this where no cluster is started any more.
 *
 * @param options default time limit: 30 000 ms.
 * @throws RedisClusterError NO_DOCKER, WAIT_TIMEOUT or WAIT_ABORTED; CLEANUP_FAILED where the engine does not tell what it has.
 */
export async function sweepOrphans(options: SweepOptions = {}): Promise<SweepReport> {
  const { dryRun = false } = options;
  using deadline = startCallDeadline("Sweeping orphans", options, { timeoutMs: TIMEOUT_MS, timeScale: 1 });
  const { signal: limit } = deadline;
  limit.throwIfAborted();
  const opening = Promise.all([openCleanupEngine(), findClient().then(locateEngine), currentOwner()]);
  const [engine, { isOnThisMachine: hasEngine }, owner] = await abortable(opening, limit);
  const here = { ...owner, hasEngine };
  try {
    return await abortable(sweep(engine, here, { dryRun, signal: limit }), limit);
  } catch (error) {
    limit.throwIfAborted();
    throw new RedisClusterError(
      "CLEANUP_FAILED",
      `Orphans cannot be swept: the engine does not tell what it has (${messageOf(error)}).`,
      { cause: error },
    );
  }
}
