import os from "node:os";
import { type ContainerRuntimeClient, getReaper } from "testcontainers";
import { messageOf, RedisClusterError } from "../errors.ts";

/** Returns true if Testcontainers starts no reaper. (`getReaper` in its reaper.ts reads the variable for each call.) */
export function isReaperDisabled(): boolean {
  return process.env["TESTCONTAINERS_RYUK_DISABLED"] === "true";
}

/**
 * Starts the reaper of Testcontainers (Ryuk) unless it is disabled, or was started by this process before.
 *
 * @throws RedisClusterError REAPER_UNAVAILABLE if the reaper does not start.
 */
export async function startReaper(client: ContainerRuntimeClient): ReturnType<typeof getReaper> {
  try {
    return await withUserInfo(() => getReaper(client));
  } catch (error) {
    throw new RedisClusterError(
      "REAPER_UNAVAILABLE",
      `Starting the reaper of Testcontainers (Ryuk), which removes the resources of ended processes, failed: ${messageOf(error)}. ` +
        "If its image is unavailable, set another image with RYUK_CONTAINER_IMAGE, or disable the reaper with TESTCONTAINERS_RYUK_DISABLED=true.",
      { cause: error },
    );
  }
}

/**
 * Calls a function that reads the user id with `os.userInfo()`, which throws if the user has no entry in the user database
 * (`docker run --user 12345`, OpenShift). `getReaper` of Testcontainers reads the id for the name of a lock file, before its
 * first asynchronous step. Therefore `os.userInfo()` can be replaced synchronously, while no other code runs.
 */
function withUserInfo<T>(call: () => T): T {
  const uid = process.getuid?.();
  const gid = process.getgid?.();
  if (uid === undefined || gid === undefined || hasUserInfo()) return call();
  const { userInfo } = os;
  const fallback = { uid, gid, username: String(uid), homedir: os.homedir(), shell: null };
  os.userInfo = (() => fallback) as typeof userInfo;
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
