import { LABEL_PREFIX } from "../plan/label-prefix.ts";
import type { ProcessState } from "./process-state.ts";

/**
 * The machine, the boot, the PID namespace and the user of a process. They decide which other processes may clean up after it.
 */
export interface HostIdentity {
  /** A hash of what identifies the machine, or {@link UNKNOWN}. */
  readonly machine: string;
  /** The boot id on Linux. On other systems it is the time of the boot, which is for information only. */
  readonly boot: string;
  /** The PID namespace, because a process id is unique only in its namespace. A container has a namespace of its own. */
  readonly pidNamespace: string;
  /** The user id, on Windows the user name, or {@link UNKNOWN}. */
  readonly user: string;
}

/** The host of this process, from which an owner is classified. */
export interface LocalHost extends HostIdentity {
  /** True if the engine runs on this machine, or in a virtual machine that belongs to this machine. */
  readonly hasEngine: boolean;
}

/** The process to which a container, network or volume belongs. */
export interface Owner extends HostIdentity {
  readonly pid: number;
  /** The start time of the process in the format of the system, or {@link UNKNOWN}. */
  readonly startedAt: string;
  /** The folder in which the process was started. */
  readonly project: string;
  /** The version of this library. */
  readonly version: string;
}

/** The value of a property that the system does not provide. */
export const UNKNOWN = "unknown";

/** The state of the owner of a resource. A resource is removed only if the state is `orphan`. */
export type OwnerState =
  | "orphan"
  | "owner-alive"
  /** The owner runs in another container of this machine, whose processes are not visible in this PID namespace. */
  | "out-of-sight"
  /** The owner runs on another machine, or possibly does: a clone of this machine has the same machine id and host name. */
  | "other-machine"
  | "other-user"
  | "unreadable";

const LABEL = {
  machine: `${LABEL_PREFIX}owner.machine`,
  boot: `${LABEL_PREFIX}owner.boot`,
  pidNamespace: `${LABEL_PREFIX}owner.pid-namespace`,
  user: `${LABEL_PREFIX}owner.user`,
  pid: `${LABEL_PREFIX}owner.pid`,
  startedAt: `${LABEL_PREFIX}owner.started-at`,
  project: `${LABEL_PREFIX}owner.project`,
  version: `${LABEL_PREFIX}owner.version`,
} as const satisfies Record<keyof Owner, string>;

/** The label with the name of the cluster, on every resource of a cluster. */
export const CLUSTER_LABEL: string = `${LABEL_PREFIX}cluster`;

/** Returns the labels that identify the owner of a resource. */
export function ownerLabels(owner: Owner): Record<string, string> {
  return Object.fromEntries(
    Object.entries(LABEL).map(([field, label]) => [label, String(owner[field as keyof Owner])]),
  );
}

/**
 * Returns the labels that all resources of an owner have, and no other resources, as `name=value` for the filters of the
 * engine.
 */
export function ownerFilter(owner: Owner): readonly string[] {
  const { project: _project, version: _version, ...identity } = LABEL;
  const labels = ownerLabels(owner);
  return Object.values(identity).map((label) => `${label}=${labels[label]}`);
}

/** Parses the owner from the labels of a resource. Returns undefined if a label is missing or invalid. */
export function parseOwner(labels: Readonly<Record<string, string>>): Owner | undefined {
  const pid = labels[LABEL.pid] ?? "";
  // Zero and negative numbers are ids of process groups.
  if (!/^[1-9]\d{0,9}$/.test(pid)) return undefined;
  const owner = {
    machine: labels[LABEL.machine] ?? "",
    boot: labels[LABEL.boot] ?? "",
    pidNamespace: labels[LABEL.pidNamespace] ?? "",
    user: labels[LABEL.user] ?? "",
    startedAt: labels[LABEL.startedAt] ?? "",
    project: labels[LABEL.project] ?? "",
    version: labels[LABEL.version] ?? "",
  };
  return Object.values(owner).includes("") ? undefined : { ...owner, pid: Number(pid) };
}

/**
 * Returns the state of an owner. It is `orphan` only if the process has certainly ended. In case of doubt the resource must
 * stay: an orphan that stays costs memory, but a resource that is removed by mistake makes a test fail.
 *
 * @param readState returns the state of a process. It is called only for a process of this machine, boot and user.
 */
export async function classifyOwner(
  owner: Owner | undefined,
  here: LocalHost,
  readState: (pid: number) => Promise<ProcessState>,
): Promise<OwnerState> {
  if (owner === undefined) return "unreadable";
  if (owner.machine !== here.machine || owner.machine === UNKNOWN) return "other-machine";
  if (owner.user !== here.user || owner.user === UNKNOWN) return "other-user";
  if (!isSameBoot(owner, here)) {
    // Machines that were cloned from one image have the same machine id, and often the same host name. On a remote engine, an
    // active cluster of another clone looks like an orphan that this machine left before its reboot.
    if (!here.hasEngine || isBootId(owner.boot) !== isBootId(here.boot)) return "other-machine";
    if (isBootId(owner.boot)) return "orphan";
  }
  if (owner.pidNamespace !== here.pidNamespace) return "out-of-sight";
  return isOwner(owner, await readState(owner.pid)) ? "owner-alive" : "orphan";
}

/** Returns true if the process that has the process id of the owner now is the owner. */
export function isOwner(owner: Owner, state: ProcessState): boolean {
  if (state.kind === "gone") return false;
  return state.startedAt === undefined || owner.startedAt === UNKNOWN || state.startedAt === owner.startedAt;
}

function isSameBoot(owner: Owner, here: HostIdentity): boolean {
  return isBootId(owner.boot) && owner.boot === here.boot;
}

/**
 * Returns true if the boot has an id, which is so only on Linux. On other systems the boot is a time, which changes when the
 * clock is adjusted. There the start of a process is a time too, and differs from the start of processes of other boots.
 */
function isBootId(boot: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(boot);
}
