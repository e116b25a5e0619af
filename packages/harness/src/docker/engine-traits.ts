import {
  type EngineVersion,
  forgetsIsolation,
  isPodmanBefore5,
  removalsAtOnce,
} from "../cleanup/engine-version.ts";
import type { NetworkReading } from "../cleanup/read-networks.ts";

/** What differs between engines, apart from where they run. */
export interface EngineTraits extends NetworkReading {
  /** True if the engine creates the bridge of a network when the first container starts, as Podman does. */
  readonly createsBridgesLate: boolean;
  /**
   * True if the engine lists the ports that an image exposes among the requested bindings of a container, as Podman before version 5
   * does. Testcontainers waits until all of them are bound (`inspectContainerUntilPortsExposed`).
   */
  readonly bindsExposedPorts: boolean;
  /**
   * True if ports that are published on 0.0.0.0 are reached at no address, as with Podman before version 5: its networks forward
   * only packets to that very address. Ports that are published on no address are reached at all.
   */
  readonly takesWildcardLiterally: boolean;
  /** True if the engine answers the request to follow a log only when there is a line, as Podman does. */
  readonly answersLogsLate: boolean;
  /** True if the engine may report that a container has ended before its output is in the log, as Podman does. */
  readonly writesLogsLate: boolean;
  /**
   * True if the engine mounts a tmpfs at /tmp of a container with a read-only root, even if /tmp is a volume, and in any order, as
   * Podman does (`addReadWriteTmpfsMounts` in pkg/specgen/generate/storage.go).
   */
  readonly hidesTmp: boolean;
  /** How many containers of one network may be removed at the same time. */
  readonly removalsAtOnce: number;
  /** Why the engine has no control groups, with which it would pause containers and limit their resources; undefined if it has. */
  readonly cgroupObstacle: string | undefined;
  /** The limits of containers, by option: true if the engine enforces them, and false if it ignores them. */
  readonly limits: { readonly memoryMb: boolean; readonly cpus: boolean; readonly pidsLimit: boolean };
}

/** The properties of the engine's answer to `GET /info` that are used here. */
export interface TraitInfo extends EngineVersion {
  /** Whether Podman runs without root. Docker reports that among its security options. */
  readonly Rootless?: boolean;
  readonly CgroupDriver?: string;
  readonly CgroupVersion?: string;
  readonly MemoryLimit?: boolean;
  readonly CpuCfsQuota?: boolean;
  readonly PidsLimit?: boolean;
}

/** Derives what an engine can do from its answer to `GET /info`. */
export function deriveTraits(info: TraitInfo): EngineTraits {
  const isPodman = info.BuildahVersion !== undefined;
  const isBefore5 = isPodmanBefore5(info);
  const hasGroups = hasCgroups(info);
  return {
    createsBridgesLate: isPodman,
    bindsExposedPorts: isBefore5,
    takesWildcardLiterally: isBefore5,
    forgetsIsolation: forgetsIsolation(info),
    answersLogsLate: isPodman,
    writesLogsLate: isPodman,
    hidesTmp: isPodman,
    removalsAtOnce: removalsAtOnce(info),
    cgroupObstacle: hasGroups ? undefined : "the engine runs without root on a machine without cgroups v2",
    limits: {
      memoryMb: hasGroups && info.MemoryLimit !== false,
      cpus: hasGroups && info.CpuCfsQuota !== false,
      pidsLimit: hasGroups && info.PidsLimit !== false,
    },
  };
}

/**
 * Without root, engines can use only cgroups v2. Docker reports that it uses none; Podman reports the version of the machine, and
 * rejects a pause (`ContainerPause` in libpod) and ignores limits.
 */
function hasCgroups({ Rootless, CgroupDriver, CgroupVersion }: TraitInfo): boolean {
  return CgroupDriver !== "none" && !(Rootless === true && CgroupVersion === "1");
}
