import { findClient, readProperties } from "../docker/engine.ts";
import { createCleanupEngine } from "../cleanup/cleanup-engine.ts";
import { messageOf, RedisClusterError } from "../errors.ts";
import { abortable } from "../timing/deadline.ts";
import { readCallOptions } from "../schema/call-options.ts";
import { startCallDeadline } from "../timing/call-deadline.ts";
import { WAIT_OPTIONS } from "../timing/wait-options.ts";
import type { SweepOptions } from "./options.generated.ts";
import { SWEEP_OPTIONS } from "./sweep-options.ts";
import { type SweepReport, sweep } from "../cleanup/sweep.ts";
import { currentOwner } from "../cleanup/current-owner.ts";

const TIMEOUT_MS = 30_000;

/**
 * Removes the containers, networks and volumes of clusters whose process has ended, if it was certainly a process of this machine
 * and this user. Everything else is kept, and the report contains the reason. If the engine does not remove something, the
 * removal is retried a few times and then reported. Concurrent sweeps do not disturb each other. After a timeout or an abort,
 * what has been removed stays removed.
 *
 * The first cluster that a process starts runs a sweep itself. Call this function where no cluster is started any more.
 *
 * @param options `timeoutMs`: the timeout in milliseconds. @default 30 000
 * @returns what was removed, kept, and not removed because of an error.
 * @throws RedisClusterError NO_DOCKER if no Docker engine answers.
 * @throws RedisClusterError WAIT_TIMEOUT if the timeout passes.
 * @throws RedisClusterError WAIT_ABORTED if the signal is aborted.
 * @throws RedisClusterError CLEANUP_FAILED if the engine does not list its resources.
 */
export async function sweepOrphans(options: SweepOptions = {}): Promise<SweepReport> {
  const { dryRun = false } = readCallOptions("sweepOrphans()", SWEEP_OPTIONS, options, WAIT_OPTIONS);
  const wait = { timeoutMs: options.timeoutMs, signal: options.signal };
  using deadline = startCallDeadline("Sweeping orphans", wait, { timeoutMs: TIMEOUT_MS, timeScale: 1 });
  const { signal } = deadline;
  signal.throwIfAborted();
  const client = await abortable(findClient(), signal);
  const [{ location }, owner] = await abortable(
    Promise.all([readProperties(client), currentOwner()]),
    signal,
  );
  const engine = createCleanupEngine(client.container.dockerode);
  const here = { ...owner, hasEngine: location.isOnThisMachine };
  try {
    return await abortable(sweep(engine, here, { dryRun, signal }), signal);
  } catch (error) {
    signal.throwIfAborted();
    throw new RedisClusterError(
      "CLEANUP_FAILED",
      `Sweeping orphans failed: the engine does not list its containers, networks and volumes (${messageOf(error)}).`,
      { cause: error },
    );
  }
}
