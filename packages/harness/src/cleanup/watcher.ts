import { type ChildProcess, spawn } from "node:child_process";
import { Socket } from "node:net";
import { dirname, extname } from "node:path";
import { fileURLToPath } from "node:url";
import { DISMISSED, type WatcherOrders } from "./watcher-orders.ts";

/** Built it is JavaScript; the tests run the source. */
const MAIN = fileURLToPath(new URL(`./watcher-main${extname(import.meta.url)}`, import.meta.url));

/** Settings of the owner's Node that are not the watcher's: debuggers, loaders, coverage, channels. */
const NOT_INHERITED: ReadonlySet<string> = new Set([
  "NODE_OPTIONS",
  "NODE_V8_COVERAGE",
  "NODE_CHANNEL_FD",
  "NODE_UNIQUE_ID",
  "NODE_DEBUG",
]);

interface Watcher {
  readonly child: ChildProcess;
  readonly ordered: Promise<void>;
  holders: number;
}

let current: Watcher | undefined;

/**
 * Sees to it that a watcher runs: one for all clusters of this process (of this thread, where there are worker
 * threads). Returns when it can no longer miss this process's death. It does not keep this process alive.
 *
 * @returns what lets go of it; the last to do so ends the watcher.
 */
export async function holdWatcher(orders: WatcherOrders): Promise<() => Promise<void>> {
  current ??= startWatcher(orders);
  const held = current;
  held.holders += 1;
  await held.ordered;
  let holding = true;
  return async () => {
    if (!holding) return;
    holding = false;
    held.holders -= 1;
    if (held.holders === 0) await dismiss(held);
  };
}

function startWatcher(orders: WatcherOrders): Watcher {
  const child = spawn(process.execPath, [MAIN], {
    // A session of its own: neither Ctrl-C nor the end of the terminal reaches it.
    detached: true,
    windowsHide: true,
    stdio: ["pipe", "ignore", "ignore"],
    // A folder that nobody is going to remove.
    cwd: dirname(process.execPath),
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !NOT_INHERITED.has(name))),
  });
  const watcher = { child, ordered: write(child, `${JSON.stringify(orders)}\n`), holders: 0 };
  const forget = (): void => {
    if (current === watcher) current = undefined;
  };
  // One that cannot be started or is killed is no reason to fail: the next process to start a cluster sweeps.
  child.once("error", forget);
  child.once("exit", forget);
  child.stdin?.on("error", forget);
  child.unref();
  if (child.stdin instanceof Socket) child.stdin.unref();
  return watcher;
}

async function dismiss(watcher: Watcher): Promise<void> {
  if (current === watcher) current = undefined;
  await write(watcher.child, DISMISSED);
  watcher.child.stdin?.destroy();
}

/** Resolves when the system has it, or when nobody is there to read it. */
function write({ stdin }: ChildProcess, text: string): Promise<void> {
  return new Promise((resolve) => {
    if (stdin === null || stdin.destroyed) resolve();
    else stdin.write(text, () => resolve());
  });
}
