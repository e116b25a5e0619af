import { readTask } from "./watcher-protocol.ts";

// The process of the watcher. It waits until its owner has ended, removes the resources of the owner, and ends. It has no output.
// It may wait for hours and usually has nothing to remove, so the modules for the removal are loaded only then.

const task = await readTask(process.stdin);
if (task !== undefined) {
  const [{ cleanUpAfterOwner }, { openCleanupEngine }] = await Promise.all([
    import("./clean-up-after-owner.ts"),
    import("./cleanup-engine.ts"),
  ]);
  await cleanUpAfterOwner(task.owner, openCleanupEngine(task.engine));
}
process.exit();
