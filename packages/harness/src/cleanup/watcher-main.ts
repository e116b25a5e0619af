import type { CleanupEngine } from "./labelled-resources.ts";
import { type EngineReference, readTask } from "./watcher-protocol.ts";

// The process of the watcher. It waits until its owner has ended, removes the resources of the owner, and ends. It has no output.
// It may wait for hours and usually has nothing to remove, so the modules for the removal are loaded only then.

const task = await readTask(process.stdin);
if (task !== undefined) {
  const { cleanUpAfterOwner } = await import("./clean-up-after-owner.ts");
  await cleanUpAfterOwner(task.owner, await openEngine(task.engine));
}
process.exit();

async function openEngine(engine: EngineReference): Promise<CleanupEngine> {
  if (engine.kind === "http") return new (await import("./engine-http.ts")).EngineHttp(engine.address);
  const { openCleanupEngine } = (await import(engine.url)) as {
    openCleanupEngine: () => Promise<CleanupEngine>;
  };
  return await openCleanupEngine();
}
