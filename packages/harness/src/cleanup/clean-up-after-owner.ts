import { type CleanupEngine, removeAll } from "./labelled-resources.ts";
import { isOwner, type Owner, ownerFilter } from "./owner.ts";
import { readProcessState } from "./process-state.ts";
import { monotonicMs, pause } from "../clock/real-time.ts";

/** The intervals and the timeout of the cleanup after an owner, in milliseconds. */
export interface CleanupTiming {
  /**
   * The cleanup is complete when no resource was found for this long. The engine may still carry out a request of the owner, so
   * that resources can appear after its end.
   */
  readonly quietMs: number;
  /** The pause between two rounds. It doubles after a failure, up to ten times this value. */
  readonly everyMs: number;
  /** The timeout. After it, the remaining resources are left to the next process that sweeps. */
  readonly timeoutMs: number;
}

const TIMING: CleanupTiming = { quietMs: 2_000, everyMs: 200, timeoutMs: 300_000 };

/**
 * Waits until the process of the owner has ended. Then removes all resources with the labels of the owner until no new ones
 * appear.
 *
 * @returns true if no resource is left, false after the timeout.
 */
export async function cleanUpAfterOwner(
  owner: Owner,
  engine: CleanupEngine,
  { quietMs, everyMs, timeoutMs }: CleanupTiming = TIMING,
): Promise<boolean> {
  await waitForEndOf(owner, everyMs);
  const labels = ownerFilter(owner);
  const startedAt = monotonicMs();
  let quietSince: number | undefined;
  let pauseMs = everyMs;
  for (;;) {
    const { hasFound, hasFailed } = await removeOnce(engine, labels);
    const now = monotonicMs();
    quietSince = hasFound || hasFailed ? undefined : (quietSince ?? now);
    if (quietSince !== undefined && now - quietSince >= quietMs) return true;
    if (now - startedAt > timeoutMs) return false;
    pauseMs = hasFailed ? Math.min(pauseMs * 2, everyMs * 10) : everyMs;
    await pause(pauseMs);
  }
}

/**
 * Waits until the process of the owner has ended. The pipe from the owner may close a moment before the process ends. It may also
 * close long before, when the worker thread that created the cluster ends.
 */
async function waitForEndOf(owner: Owner, everyMs: number): Promise<void> {
  let pauseMs = 10;
  while (isOwner(owner, await readProcessState(owner.pid))) {
    await pause(pauseMs);
    pauseMs = Math.min(pauseMs * 2, everyMs * 5);
  }
}

async function removeOnce(
  engine: CleanupEngine,
  labels: readonly string[],
): Promise<{ readonly hasFound: boolean; readonly hasFailed: boolean }> {
  try {
    const resources = await engine.list(labels);
    const failed = await removeAll(engine, resources);
    return { hasFound: resources.length > 0, hasFailed: failed.length > 0 };
  } catch {
    // The engine does not answer. The error is dropped, because the process that could report it has ended.
    return { hasFound: false, hasFailed: true };
  }
}
