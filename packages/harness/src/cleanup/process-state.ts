import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);
const ASKING_LIMIT_MS = 10_000;

/** Whether a process runs, and since when. A number alone says little: systems give it to another process later. */
export type ProcessState =
  | { readonly kind: "gone" }
  /** `startedAt` is a word to compare for equality; undefined where the system did not tell. */
  | { readonly kind: "running"; readonly startedAt: string | undefined };

const GONE: ProcessState = { kind: "gone" };

/** Looks for the process of that number. Where anything stays unclear, it is said to run. */
export async function processState(pid: number): Promise<ProcessState> {
  if (!exists(pid)) return GONE;
  const startedAt = await (process.platform === "linux" ? fromProc(pid) : fromTool(pid)).catch(
    () => undefined,
  );
  if (startedAt === "zombie") return GONE;
  // It may have ended while it was asked about.
  return startedAt === undefined && !exists(pid) ? GONE : { kind: "running", startedAt };
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, and is somebody else's.
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

async function fromProc(pid: number): Promise<string | undefined> {
  return parseStat(await readFile(`/proc/${pid}/stat`, "utf8"));
}

/** Field 22 of `/proc/<pid>/stat`, the start in clock ticks since boot; "zombie" for one that only waits to be reaped. */
export function parseStat(stat: string): string | undefined {
  // The second field is the program's name in brackets, in which there may be spaces and brackets.
  const fields = stat
    .slice(stat.lastIndexOf(")") + 1)
    .trim()
    .split(/\s+/);
  const [state] = fields;
  return state === "Z" || state === "X" ? "zombie" : fields[19];
}

async function fromTool(pid: number): Promise<string | undefined> {
  return process.platform === "win32" ? await fromPowerShell(pid) : await fromPs(pid);
}

async function fromPs(pid: number): Promise<string | undefined> {
  const { stdout } = await run("ps", ["-o", "stat=,lstart=", "-p", String(pid)], {
    timeout: ASKING_LIMIT_MS,
    // `lstart` is printed in words and local time: two processes have to see the same.
    env: { ...process.env, LC_ALL: "C", TZ: "UTC0" },
  });
  const [state = "", ...start] = stdout.trim().split(/\s+/);
  return state.startsWith("Z") ? "zombie" : start.join(" ") || undefined;
}

async function fromPowerShell(pid: number): Promise<string | undefined> {
  const { stdout } = await run(
    "powershell.exe",
    [
      "-NoProfile",
      "-NonInteractive",
      "-Command",
      `(Get-Process -Id ${pid}).StartTime.ToUniversalTime().Ticks`,
    ],
    { timeout: ASKING_LIMIT_MS, windowsHide: true },
  );
  return stdout.trim() || undefined;
}
