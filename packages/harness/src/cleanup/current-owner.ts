import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, readlink } from "node:fs/promises";
import { hostname, uptime, userInfo } from "node:os";
import { promisify } from "node:util";
import { type HostIdentity, type Owner, UNKNOWN } from "./owner.ts";
import { readProcessState } from "./process-state.ts";
import { wallClockMs } from "../clock/real-time.ts";

const run = promisify(execFile);
const COMMAND_TIMEOUT_MS = 10_000;

let owner: Promise<Owner> | undefined;

/** Returns this process as an owner of resources. The properties are read once. */
export function currentOwner(): Promise<Owner> {
  owner ??= readOwner();
  return owner;
}

async function readOwner(): Promise<Owner> {
  const [host, state, version] = await Promise.all([
    readHostIdentity(),
    readProcessState(process.pid),
    readLibraryVersion(),
  ]);
  return {
    ...host,
    pid: process.pid,
    startedAt: (state.kind === "running" ? state.startedAt : undefined) ?? UNKNOWN,
    project: workingFolder(),
    version,
  };
}

async function readHostIdentity(): Promise<HostIdentity> {
  const [bootId, id, pidNamespace] = await Promise.all([
    readFirstLine("/proc/sys/kernel/random/boot_id"),
    readMachineId().catch(() => undefined),
    readlink("/proc/self/ns/pid").catch(() => undefined),
  ]);
  return {
    machine: hashMachine(isInContainer() ? undefined : id, bootId, hostname()),
    boot: bootId ?? `since ${new Date(wallClockMs() - uptime() * 1_000).toISOString().slice(0, 16)}`,
    pidNamespace: /\d+/.exec(pidNamespace ?? "")?.[0] ?? "none",
    user: userName(),
  };
}

/** Returns the working folder of this process, or {@link UNKNOWN} if it was deleted. */
function workingFolder(): string {
  try {
    return process.cwd();
  } catch {
    return UNKNOWN;
  }
}

/**
 * Returns the user id, or on Windows the user name. `userInfo()` throws if the user has no entry in the user database, which is
 * possible in a container; `getuid()` does not.
 */
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
 * Returns a hash that identifies a machine. It contains the host name, which distinguishes clones of a machine; but not on macOS,
 * where the host name changes with the network and the machine id belongs to the hardware.
 *
 * @param id the machine id. It is undefined in a container, because containers of one image have the same machine id. Then the
 * boot id is used: after a reboot no owner is recognised, so that nothing is removed.
 * @param platform default: the platform of this process.
 * @returns {@link UNKNOWN} if both ids are undefined.
 */
export function hashMachine(
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

function isInContainer(): boolean {
  return (
    existsSync("/.dockerenv") ||
    existsSync("/run/.containerenv") ||
    process.env["KUBERNETES_SERVICE_HOST"] !== undefined
  );
}

async function readMachineId(): Promise<string | undefined> {
  switch (process.platform) {
    case "darwin": {
      const { stdout } = await run("ioreg", ["-rd1", "-c", "IOPlatformExpertDevice"], {
        timeout: COMMAND_TIMEOUT_MS,
      });
      return /"IOPlatformUUID" = "([^"]+)"/.exec(stdout)?.[1];
    }
    case "win32": {
      const key = String.raw`HKLM\SOFTWARE\Microsoft\Cryptography`;
      const { stdout } = await run("reg", ["query", key, "/v", "MachineGuid"], {
        timeout: COMMAND_TIMEOUT_MS,
        windowsHide: true,
      });
      return /MachineGuid\s+REG_SZ\s+(\S+)/.exec(stdout)?.[1];
    }
    default: {
      const id =
        (await readFirstLine("/etc/machine-id")) ?? (await readFirstLine("/var/lib/dbus/machine-id"));
      // During the first boot of an image the file contains "uninitialized".
      return id !== undefined && /^[0-9a-f]{32}$/.test(id) ? id : undefined;
    }
  }
}

async function readFirstLine(file: string): Promise<string | undefined> {
  const text = await readFile(file, "utf8").catch(() => "");
  return text.split("\n")[0]?.trim() || undefined;
}

async function readLibraryVersion(): Promise<string> {
  const text = await readFile(new URL("../../package.json", import.meta.url), "utf8").catch(() => "{}");
  const { version = UNKNOWN } = JSON.parse(text) as { version?: string };
  return version;
}
