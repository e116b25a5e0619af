import { isOlder } from "../versions/compare-versions.ts";

/** The properties of the engine's answer to `GET /info` that identify its version. */
export interface EngineVersion {
  readonly ServerVersion?: string;
  /** Only Podman answers it (`handlers.Info` in pkg/api/handlers/types.go). */
  readonly BuildahVersion?: string;
}

/**
 * The first Docker without a deadlock that makes it useless until it is restarted: when two containers leave one network at the
 * same time, `processEndpointDelete` and `getSvcRecords` of libnetwork may wait for each other's locks
 * (https://github.com/moby/moby/issues/46661, present in the Docker 20.10.24 of Debian 12).
 */
const FIRST_WITHOUT_DEADLOCK = "20.10.27";

/** Returns how many containers of one network may be removed at the same time. */
export function removalsAtOnce({ ServerVersion, BuildahVersion }: EngineVersion): number {
  const mayDeadlock = BuildahVersion === undefined && isOlder(ServerVersion ?? "", FIRST_WITHOUT_DEADLOCK);
  return mayDeadlock ? 1 : Number.POSITIVE_INFINITY;
}

/** Returns whether the engine is Podman before version 5. */
export function isPodmanBefore5({ ServerVersion, BuildahVersion }: EngineVersion): boolean {
  return BuildahVersion !== undefined && Number.parseInt(ServerVersion ?? "", 10) < 5;
}
