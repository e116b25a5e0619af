import type { Engine } from "../docker/engine.ts";
import { engineReference } from "../docker/engine-reference.ts";
import type { CleanupStack } from "../lifecycle/cleanup-stack.ts";
import { holdWatcher } from "../ownership/watcher.ts";

/**
 * Before anything is made: sees to it that somebody removes it should this process die. Ryuk does where it runs;
 * elsewhere a watcher process, until everything is removed.
 */
export async function guardAgainstDeath(engine: Engine, cleanup: CleanupStack): Promise<void> {
  if (engine.reaped) return;
  const letGo = await holdWatcher({ owner: engine.owner, engine: await engineReference(engine) });
  cleanup.whenEmpty(letGo);
}
