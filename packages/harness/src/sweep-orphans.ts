import { openLabelledResources } from "./docker/labelled-resources.ts";
import { messageOf, RedisClusterError } from "./errors.ts";
import { orAborted, startDeadline } from "./lifecycle/deadline.ts";
import { type SweepReport, sweep } from "./ownership/sweep.ts";
import { thisOwner } from "./ownership/this-owner.ts";

/** What {@link sweepOrphans} takes. */
export interface SweepOptions {
  /** Only tells what would be removed. Default: false. */
  readonly dryRun?: boolean | undefined;
  /** Milliseconds for all of it; default 30 000. */
  readonly timeoutMs?: number | undefined;
  /** Ends the sweep; what is removed by then stays removed. */
  readonly signal?: AbortSignal | undefined;
}

const TIMEOUT_MS = 30_000;

/**
 * Removes the containers, networks and volumes of clusters whose process is dead: one of this machine and this user,
 * beyond doubt. Everything else is left, and the report says why. What the engine refuses to remove is tried a few
 * times and then reported, not thrown. Several sweeps at once do no harm.
 *
 * The first cluster that a process starts sweeps by itself; call this where no cluster is started any more.
 *
 * @throws RedisClusterError NO_DOCKER, WAIT_TIMEOUT or WAIT_ABORTED; CLEANUP_FAILED where the engine does not tell what it has.
 */
export async function sweepOrphans(options: SweepOptions = {}): Promise<SweepReport> {
  const { dryRun = false, timeoutMs = TIMEOUT_MS, signal } = options;
  using deadline = startDeadline({
    timeoutMs,
    signal,
    what: () => "Sweeping orphans",
    timeoutCode: "WAIT_TIMEOUT",
    abortCode: "WAIT_ABORTED",
  });
  const { signal: limit } = deadline;
  limit.throwIfAborted();
  const [engine, here] = await orAborted(Promise.all([openLabelledResources(), thisOwner()]), limit);
  try {
    return await orAborted(sweep(engine, here, { dryRun, signal: limit }), limit);
  } catch (error) {
    limit.throwIfAborted();
    throw new RedisClusterError(
      "CLEANUP_FAILED",
      `Orphans cannot be swept: the engine does not tell what it has (${messageOf(error)}).`,
      { cause: error },
    );
  }
}
