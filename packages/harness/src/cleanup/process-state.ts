import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);
const COMMAND_TIMEOUT_MS = 10_000;

/** The state of a process, with its start time, because systems reuse process ids. */
export type ProcessState =
  | { readonly kind: "gone" }
  /** `startedAt` can only be compared for equality. It is undefined if the system did not report it. */
  | { readonly kind: "running"; readonly startedAt: string | undefined };

const GONE: ProcessState = { kind: "gone" };

/** Reads the state of the process with this id. In case of doubt the process is reported as running. */
export async function readProcessState(pid: number): Promise<ProcessState> {
  if (!exists(pid)) return GONE;
  const startedAt = await (process.platform === "linux"
    ? readStartFromProc(pid)
    : readStartFromCommand(pid)
  ).catch(() => undefined);
  if (startedAt === "zombie") return GONE;
  // The process may have ended during the query.
  return startedAt === undefined && !exists(pid) ? GONE : { kind: "running", startedAt };
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: the process runs, and belongs to another user.
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

async function readStartFromProc(pid: number): Promise<string | undefined> {
  return parseStat(await readFile(`/proc/${pid}/stat`, "utf8"));
}

/**
 * Parses field 22 of `/proc/<pid>/stat`: the start time in clock ticks since the boot. Returns "zombie" for a process that has
 * ended but is not yet reaped.
 */
export function parseStat(stat: string): string | undefined {
  // The second field is the name of the program in brackets. The name may contain spaces and brackets.
  const fields = stat
    .slice(stat.lastIndexOf(")") + 1)
    .trim()
    .split(/\s+/);
  const [state] = fields;
  return state === "Z" || state === "X" ? "zombie" : fields[19];
}

async function readStartFromCommand(pid: number): Promise<string | undefined> {
  return process.platform === "win32" ? await readStartFromPowerShell(pid) : await readStartFromPs(pid);
}

async function readStartFromPs(pid: number): Promise<string | undefined> {
  const { stdout } = await run("ps", ["-o", "stat=,lstart=", "-p", String(pid)], {
    timeout: COMMAND_TIMEOUT_MS,
    // `lstart` depends on the language and the time zone. All processes must read the same value.
    env: { ...process.env, LC_ALL: "C", TZ: "UTC0" },
  });
  const [state = "", ...start] = stdout.trim().split(/\s+/);
  return state.startsWith("Z") ? "zombie" : start.join(" ") || undefined;
}

async function readStartFromPowerShell(pid: number): Promise<string | undefined> {
  const { stdout } = await run(
    "powershell.exe",
    [
      "-NoProfile",
      "-NonInteractive",
      "-Command",
      `(Get-Process -Id ${pid}).StartTime.ToUniversalTime().Ticks`,
    ],
    { timeout: COMMAND_TIMEOUT_MS, windowsHide: true },
  );
  return stdout.trim() || undefined;
}
