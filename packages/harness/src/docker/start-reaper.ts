import os from "node:os";
import { type ContainerRuntimeClient, getReaper } from "testcontainers";
import { messageOf, RedisClusterError } from "../errors.ts";

/** Whether Testcontainers starts no reaper (`getReaper` in its reaper.ts reads the variable at each call). */
export function isReaperDisabled(): boolean {
  return process.env["TESTCONTAINERS_RYUK_DISABLED"] === "true";
}

/**
 * Starts Testcontainers' reaper (Ryuk), the first time in a process, unless it is switched off.
 *
 * @throws RedisClusterError REAPER_UNAVAILABLE
 */
export async function startReaper(client: ContainerRuntimeClient): ReturnType<typeof getReaper> {
  try {
    return await withUserInfo(() => getReaper(client));
  } catch (error) {
    throw new RedisClusterError(
      "REAPER_UNAVAILABLE",
      `Testcontainers' reaper (Ryuk), which removes what a dead process leaves behind, did not start: ${messageOf(error)}. ` +
        "If its image is unavailable, name another one with RYUK_CONTAINER_IMAGE, or start without the reaper: TESTCONTAINERS_RYUK_DISABLED=true.",
      { cause: error },
    );
  }
}

/**
 * Calls a function that reads the user's number with `os.userInfo()`, which throws if the user has no entry in the user
 * database (`docker run --user 12345`, OpenShift). Testcontainers' `getReaper` reads it, for the name of a lock file, in
 * each process and before anything asynchronous; so the function is replaced only while nothing else can run.
 */
function withUserInfo<T>(call: () => T): T {
  const uid = process.getuid?.();
  const gid = process.getgid?.();
  if (uid === undefined || gid === undefined || hasUserInfo()) return call();
  const { userInfo } = os;
  const withoutEntry = { uid, gid, username: String(uid), homedir: os.homedir(), shell: null };
  os.userInfo = (() => withoutEntry) as typeof userInfo;
  try {
    return call();
  } finally {
    os.userInfo = userInfo;
  }
}

function hasUserInfo(): boolean {
  try {
    os.userInfo();
    return true;
  } catch {
    return false;
  }
}
