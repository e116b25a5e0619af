import { LABEL_PREFIX } from "../plan/label-prefix.ts";
import type { ProcessState } from "./process-state.ts";

/** Where a process runs, as far as it decides who can see it and who may clean up after it. */
export interface Place {
  /** Hash of what identifies the machine; {@link UNKNOWN} if nothing does. */
  readonly machine: string;
  /** Linux' boot id; elsewhere the time of the boot, which is only for reading. */
  readonly boot: string;
  /** Process numbers mean something only inside one PID namespace: a container has its own. */
  readonly pidNamespace: string;
  /** User id; on Windows the user's name. {@link UNKNOWN} if the system does not tell. */
  readonly user: string;
}

/** The place from which an owner is judged. */
export interface Here extends Place {
  /** Whether the engine runs on this machine, or in a virtual machine of this machine's own. */
  readonly hasEngine: boolean;
}

/** The process to which a container, network or volume belongs. */
export interface Owner extends Place {
  readonly pid: number;
  /** When it started, in the system's own words; {@link UNKNOWN} where it did not tell. */
  readonly startedAt: string;
  /** The folder it was started in. */
  readonly project: string;
  /** Of this library. */
  readonly version: string;
}

/** Stands for what the system does not tell. */
export const UNKNOWN = "unknown";

/** What an owner's label says of it. All but `orphan` are left alone. */
export type Verdict =
  | "orphan"
  | "owner-alive"
  /** In another container of this machine: its processes cannot be seen from here. */
  | "out-of-sight"
  /** Or possibly another one: a clone has the same id and host name. */
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

/** Names the cluster; everything that a cluster makes has it. */
export const CLUSTER_LABEL: string = `${LABEL_PREFIX}cluster`;

/** The labels by which everybody can see whose a thing is. */
export function ownerLabels(owner: Owner): Record<string, string> {
  return Object.fromEntries(
    Object.entries(LABEL).map(([field, label]) => [label, String(owner[field as keyof Owner])]),
  );
}

/** The labels that all of an owner's things have, and nobody else's: `name=value`, as the engine filters by them. */
export function ownerFilter(owner: Owner): readonly string[] {
  const { project: _project, version: _version, ...identity } = LABEL;
  const labels = ownerLabels(owner);
  return Object.values(identity).map((label) => `${label}=${labels[label]}`);
}

/** Reads an owner back from labels; undefined where one is missing or cannot be. */
export function parseOwner(labels: Readonly<Record<string, string>>): Owner | undefined {
  const pid = labels[LABEL.pid] ?? "";
  // Zero and negative numbers mean groups of processes.
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
 * Whether something's owner is dead beyond doubt. Doubt is a reason to leave it: what is left costs memory, what is
 * wrongly removed costs somebody a test.
 *
 * @param lookUp asked only for a process of this machine, boot and user.
 */
export async function judgeOwner(
  owner: Owner | undefined,
  here: Here,
  lookUp: (pid: number) => Promise<ProcessState>,
): Promise<Verdict> {
  if (owner === undefined) return "unreadable";
  if (owner.machine !== here.machine || owner.machine === UNKNOWN) return "other-machine";
  if (owner.user !== here.user || owner.user === UNKNOWN) return "other-user";
  if (!isSameBoot(owner, here)) {
    // Machines that were cloned from one image share its machine id, and often the host name. On an engine elsewhere
    // another clone's living cluster cannot be told from what this machine left before it was booted again.
    if (!here.hasEngine || isBootId(owner.boot) !== isBootId(here.boot)) return "other-machine";
    if (isBootId(owner.boot)) return "orphan";
  }
  if (owner.pidNamespace !== here.pidNamespace) return "out-of-sight";
  return isOwner(owner, await lookUp(owner.pid)) ? "owner-alive" : "orphan";
}

/** Whether the process that now has the owner's number is the owner. */
export function isOwner(owner: Owner, state: ProcessState): boolean {
  if (state.kind === "gone") return false;
  return state.startedAt === undefined || owner.startedAt === UNKNOWN || state.startedAt === owner.startedAt;
}

function isSameBoot(owner: Owner, here: Place): boolean {
  return isBootId(owner.boot) && owner.boot === here.boot;
}

/**
 * Only Linux has an id for a boot. A boot's time moves when the clock is set; but where only that is known, the start
 * of a process is a time as well, and tells it from those of other boots.
 */
function isBootId(boot: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(boot);
}
