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

/** The first Podman that has {@link forgetsIsolation} neither in its version 4 nor in its version 5. */
const FIRST_WITH_ISOLATION = "5.0.2";

/**
 * Returns whether the engine may forget that a network is separated from others when networks are listed or inspected with
 * Docker's API before the first container of the network has started: `convertLibpodNetworktoDockerNetwork`
 * (pkg/api/handlers/compat/networks.go) of Podman 4.3.0 to 4.9.4, 5.0.0 and 5.0.1 deletes the option `isolate` from the network in
 * its memory. Version 4.9.5 does not, but has the same API of its own. Version 3 separates no networks.
 */
export function forgetsIsolation({ ServerVersion = "", BuildahVersion }: EngineVersion): boolean {
  return (
    BuildahVersion !== undefined &&
    Number.parseInt(ServerVersion, 10) >= 4 &&
    isOlder(ServerVersion, FIRST_WITH_ISOLATION)
  );
}

/** Returns whether the engine is Podman before version 5. */
export function isPodmanBefore5({ ServerVersion, BuildahVersion }: EngineVersion): boolean {
  return BuildahVersion !== undefined && Number.parseInt(ServerVersion ?? "", 10) < 5;
}
