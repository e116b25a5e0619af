import type { Engine } from "../docker/engine.ts";
import { engineReference } from "../docker/engine-reference.ts";
import type { CleanupStack } from "../cleanup/cleanup-stack.ts";
import { acquireWatcher } from "../cleanup/watcher.ts";

/**
 * Starts the watcher, a process that removes what this process has created if this process dies. It must run before anything is
 * created, and it runs until everything is removed.
 *
 * The watcher is needed even if Testcontainers' reaper (Ryuk) runs. Ryuk waits until all processes that use Testcontainers on the
 * engine have ended, so the resources of a killed test worker would remain as long as the parent of the worker runs.
 */
export async function ensureCrashCleanup(engine: Engine, cleanup: CleanupStack): Promise<void> {
  const releaseWatcher = await acquireWatcher({ owner: engine.owner, engine: await engineReference(engine) });
  cleanup.whenEmpty(releaseWatcher);
}
