import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, readlink } from "node:fs/promises";
import { hostname, uptime, userInfo } from "node:os";
import { promisify } from "node:util";
import { type Owner, type Place, UNKNOWN } from "./owner.ts";
import { processState } from "./process-state.ts";
import { wallClockMs } from "../clock/real-time.ts";

const run = promisify(execFile);
const ASKING_LIMIT_MS = 10_000;

let owner: Promise<Owner> | undefined;

/** This process as an owner. Found out once. */
export function thisOwner(): Promise<Owner> {
  owner ??= findOwner();
  return owner;
}

async function findOwner(): Promise<Owner> {
  const [place, state, version] = await Promise.all([
    findPlace(),
    processState(process.pid),
    libraryVersion(),
  ]);
  return {
    ...place,
    pid: process.pid,
    startedAt: (state.kind === "running" ? state.startedAt : undefined) ?? UNKNOWN,
    project: workingFolder(),
    version,
  };
}

async function findPlace(): Promise<Place> {
  const [bootId, id, pidNamespace] = await Promise.all([
    firstLine("/proc/sys/kernel/random/boot_id"),
    machineId().catch(() => undefined),
    readlink("/proc/self/ns/pid").catch(() => undefined),
  ]);
  return {
    machine: nameMachine(inContainer() ? undefined : id, bootId, hostname()),
    boot: bootId ?? `since ${new Date(wallClockMs() - uptime() * 1_000).toISOString().slice(0, 16)}`,
    pidNamespace: /\d+/.exec(pidNamespace ?? "")?.[0] ?? "none",
    user: userName(),
  };
}

/** The folder in which this process works, unless it has been deleted. */
function workingFolder(): string {
  try {
    return process.cwd();
  } catch {
    return UNKNOWN;
  }
}

/** A number needs no entry in the user database, which a container's user may not have; `userInfo()` throws without one. */
function userName(): string {
  const uid = process.getuid?.();
  if (uid !== undefined) return String(uid);
  try {
    return userInfo().username;
  } catch {
    return UNKNOWN;
  }
}

/**
 * A name for a machine that two machines do not share. An image or a container brings a machine id that others have
 * too, so there the boot's id takes its place: after a reboot nothing is recognised any more, which errs on the safe
 * side. The host name tells clones apart, but not on macOS: there it changes with the network, and the id is the
 * hardware's own.
 */
export function nameMachine(
  id: string | undefined,
  bootId: string | undefined,
  host: string,
  platform: NodeJS.Platform = process.platform,
): string {
  const basis = id ?? bootId;
  if (basis === undefined) return UNKNOWN;
  const traits = platform === "darwin" ? basis : `${basis}\n${host}`;
  return createHash("sha256").update(traits).digest("hex").slice(0, 16);
}

function inContainer(): boolean {
  return (
    existsSync("/.dockerenv") ||
    existsSync("/run/.containerenv") ||
    process.env["KUBERNETES_SERVICE_HOST"] !== undefined
  );
}

async function machineId(): Promise<string | undefined> {
  switch (process.platform) {
    case "darwin": {
      const { stdout } = await run("ioreg", ["-rd1", "-c", "IOPlatformExpertDevice"], {
        timeout: ASKING_LIMIT_MS,
      });
      return /"IOPlatformUUID" = "([^"]+)"/.exec(stdout)?.[1];
    }
    case "win32": {
      const key = String.raw`HKLM\SOFTWARE\Microsoft\Cryptography`;
      const { stdout } = await run("reg", ["query", key, "/v", "MachineGuid"], {
        timeout: ASKING_LIMIT_MS,
        windowsHide: true,
      });
      return /MachineGuid\s+REG_SZ\s+(\S+)/.exec(stdout)?.[1];
    }
    default: {
      const id = (await firstLine("/etc/machine-id")) ?? (await firstLine("/var/lib/dbus/machine-id"));
      // At the first boot of an image it says "uninitialized".
      return id !== undefined && /^[0-9a-f]{32}$/.test(id) ? id : undefined;
    }
  }
}

async function firstLine(file: string): Promise<string | undefined> {
  const text = await readFile(file, "utf8").catch(() => "");
  return text.split("\n")[0]?.trim() || undefined;
}

async function libraryVersion(): Promise<string> {
  const text = await readFile(new URL("../../package.json", import.meta.url), "utf8").catch(() => "{}");
  const { version = UNKNOWN } = JSON.parse(text) as { version?: string };
  return version;
}
