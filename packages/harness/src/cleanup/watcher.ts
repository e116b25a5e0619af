import { type ChildProcess, spawn } from "node:child_process";
import { Socket } from "node:net";
import { dirname, extname } from "node:path";
import { fileURLToPath } from "node:url";
import { DISMISSED, type WatcherTask } from "./watcher-protocol.ts";

/** The program of the watcher: JavaScript in the package, TypeScript in the tests, which run the source. */
const MAIN = fileURLToPath(new URL(`./watcher-main${extname(import.meta.url)}`, import.meta.url));

/** Environment variables of the owner that the watcher does not inherit: debuggers, loaders, coverage, IPC channels. */
const NOT_INHERITED: ReadonlySet<string> = new Set([
  "NODE_OPTIONS",
  "NODE_V8_COVERAGE",
  "NODE_CHANNEL_FD",
  "NODE_UNIQUE_ID",
  "NODE_DEBUG",
]);

interface Watcher {
  readonly child: ChildProcess;
  /** Resolves when the task is written to the input of the process. */
  readonly taskWritten: Promise<void>;
  users: number;
}

let current: Watcher | undefined;

/**
 * Starts a watcher unless one runs: all clusters of this process share one, or all clusters of this worker thread. Resolves
 * when the watcher can no longer miss the end of this process. The watcher does not keep this process alive.
 *
 * @returns a function that releases the watcher. When all users have released it, it ends.
 */
export async function acquireWatcher(task: WatcherTask): Promise<() => Promise<void>> {
  current ??= startWatcher(task);
  const watcher = current;
  watcher.users += 1;
  await watcher.taskWritten;
  let isReleased = false;
  return async () => {
    if (isReleased) return;
    isReleased = true;
    watcher.users -= 1;
    if (watcher.users === 0) await dismiss(watcher);
  };
}

function startWatcher(task: WatcherTask): Watcher {
  const child = spawn(process.execPath, [MAIN], {
    // In a session of its own the process receives neither Ctrl-C nor the end of the terminal.
    detached: true,
    windowsHide: true,
    stdio: ["pipe", "ignore", "ignore"],
    // A folder that tests do not remove.
    cwd: dirname(process.execPath),
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !NOT_INHERITED.has(name))),
  });
  const watcher = { child, taskWritten: write(child, `${JSON.stringify(task)}\n`), users: 0 };
  const forget = (): void => {
    if (current === watcher) current = undefined;
  };
  // A watcher that fails to start or is killed is not an error, because the next process that starts a cluster sweeps.
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

/** Resolves when the text is written to the input of the process, or when the input is closed. */
function write({ stdin }: ChildProcess, text: string): Promise<void> {
  return new Promise((resolve) => {
    if (stdin === null || stdin.destroyed) resolve();
    else stdin.write(text, () => resolve());
  });
}
