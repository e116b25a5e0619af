import type { Engine } from "../docker/engine.ts";
import { engineReference } from "../docker/engine-reference.ts";
import type { CleanupStack } from "../cleanup/cleanup-stack.ts";
import { acquireWatcher } from "../cleanup/watcher.ts";

/**
 * Starts a watcher process, before anything is created, that removes what this process leaves if it dies. It runs until
 * everything is removed, and also if Testcontainers' reaper (Ryuk) runs: Ryuk waits until every process is gone that uses
 * Testcontainers on the engine, so that what a killed test worker left would stay as long as its parent lives.
 */
export async function guardAgainstDeath(engine: Engine, cleanup: CleanupStack): Promise<void> {
  const releaseWatcher = await acquireWatcher({ owner: engine.owner, engine: await engineReference(engine) });
  cleanup.whenEmpty(releaseWatcher);
}
