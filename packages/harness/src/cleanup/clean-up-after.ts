import { type LabelledResources, removeAll } from "./labelled-resources.ts";
import { isOwner, type Owner, ownerFilter } from "./owner.ts";
import { processState } from "./process-state.ts";
import { monotonicMs, pause } from "../clock/real-time.ts";

/** How patient the cleaning up after a dead owner is, in milliseconds. */
export interface Patience {
  /** Nothing more comes when nothing was found for so long: a request of the dead may still be under way. */
  readonly quietMs: number;
  /** Between two looks. After a refusal it doubles, up to ten times as long. */
  readonly everyMs: number;
  /** After so long the rest is left to the next process that sweeps. */
  readonly giveUpMs: number;
}

const PATIENCE: Patience = { quietMs: 2_000, everyMs: 200, giveUpMs: 300_000 };

/**
 * Waits until the owner is gone, then removes everything that is labelled as its, until nothing new comes. Gives
 * whether nothing is left.
 */
export async function cleanUpAfter(
  owner: Owner,
  engine: LabelledResources,
  { quietMs, everyMs, giveUpMs }: Patience = PATIENCE,
): Promise<boolean> {
  await ownerGone(owner, everyMs);
  const labels = ownerFilter(owner);
  const begun = monotonicMs();
  let quietSince: number | undefined;
  let pauseMs = everyMs;
  for (;;) {
    const { found, refused } = await removeOnce(engine, labels);
    const now = monotonicMs();
    quietSince = found || refused ? undefined : (quietSince ?? now);
    if (quietSince !== undefined && now - quietSince >= quietMs) return true;
    if (now - begun > giveUpMs) return false;
    pauseMs = refused ? Math.min(pauseMs * 2, everyMs * 10) : everyMs;
    await pause(pauseMs);
  }
}

/**
 * The pipe to the owner may end a moment before the process does, or long before: with the worker thread that made
 * the cluster.
 */
async function ownerGone(owner: Owner, everyMs: number): Promise<void> {
  let pauseMs = 10;
  while (isOwner(owner, await processState(owner.pid))) {
    await pause(pauseMs);
    pauseMs = Math.min(pauseMs * 2, everyMs * 5);
  }
}

async function removeOnce(
  engine: LabelledResources,
  labels: readonly string[],
): Promise<{ readonly found: boolean; readonly refused: boolean }> {
  try {
    const resources = await engine.list(labels);
    const failed = await removeAll(engine, resources);
    return { found: resources.length > 0, refused: failed.length > 0 };
  } catch {
    // The engine does not answer; nobody is there to be told.
    return { found: false, refused: true };
  }
}
