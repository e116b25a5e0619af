import type { SlotRange } from "../plan/cluster-plan.ts";
import type { NodeView } from "./node-view.ts";
import type { NodeEntry } from "./parse-cluster-nodes.ts";
import { unownedSlots } from "./slot-owners.ts";
import { formatRanges, normalizeRanges } from "./slot-ranges.ts";

/** A point on which the views of the nodes differ, or a problem on which they agree. */
export interface Disagreement {
  /**
   * - `unreachable`: a node returned no view.
   * - `state`: the cluster_state of a node is not ok.
   * - `members`: some nodes do not list a member.
   * - `role`, `primary`, `slots`: the nodes report different values for a member.
   * - `open-slot`: a slot is being migrated or imported.
   * - `epoch`: several primaries have the same config epoch.
   * - `link`: a node has no link to another node.
   * - `flags`: a node flags a node as `fail?`, `fail`, `handshake` or `noaddr`.
   * - `coverage`: slots are not owned by any node that answers.
   * - `replication`: a replica is not in sync.
   */
  readonly kind:
    | "unreachable"
    | "state"
    | "members"
    | "role"
    | "primary"
    | "slots"
    | "open-slot"
    | "epoch"
    | "link"
    | "flags"
    | "coverage"
    | "replication";
  /** The name of the node that is concerned, or undefined if the whole cluster is concerned. */
  readonly about: string | undefined;
  /** One sentence that names the nodes and what they report. */
  readonly message: string;
}

/** The views that all nodes have of the cluster, and the points on which they differ. */
export interface ClusterView {
  /** The view of each node, or the reason why it returned none, in the order of the node names. */
  readonly views: readonly NodeView[];
  /**
   * What most of the nodes that answered report about each member, in the order in which the nodes list the members. If equally
   * many nodes report different things, the report of the first node counts.
   */
  readonly members: readonly MergedMember[];
  /** Every point on which the views differ, and every problem on which they agree. */
  readonly disagreements: readonly Disagreement[];
  /** Whether every node answered, all views agree, and nothing is wrong. */
  readonly agreed: boolean;
}

/** A member of the cluster as most nodes report it. */
export interface MergedMember {
  /** The node id. */
  readonly id: string;
  /** The name of the node: `node-0`, …; the address for a member that this library did not start. */
  readonly name: string;
  /** The entry that most of the nodes that answered report; the first one if equally many nodes report different entries. */
  readonly entry: NodeEntry;
}

/** Node names by node id. */
export type NodeNames = ReadonlyMap<string, string>;

/** Merges the views of all nodes, and finds the points on which they differ. */
export function mergeViews(views: readonly NodeView[], names: NodeNames): ClusterView {
  const answered = views.filter((view) => view.kind === "answered");
  const disagreements: Disagreement[] = [];
  for (const view of views) {
    if (view.kind === "silent") {
      disagreements.push({
        kind: "unreachable",
        about: view.node,
        message: `${view.node} returned no view: ${view.reason}`,
      });
    } else {
      if (view.state !== "ok") {
        disagreements.push({
          kind: "state",
          about: view.node,
          message: `${view.node} reports cluster_state:${view.state}`,
        });
      }
      if (!view.inSync) {
        disagreements.push({
          kind: "replication",
          about: view.node,
          message: `${view.node} is a replica and not in sync`,
        });
      }
    }
  }

  const ids = new Set(answered.flatMap((view) => view.members.map((member) => member.id)));
  const members: MergedMember[] = [];
  for (const id of ids) {
    const reports = answered.map((view) => ({
      by: view.node,
      entry: view.members.find((member) => member.id === id),
    }));
    const entries = reports.flatMap(({ entry }) => (entry === undefined ? [] : [entry]));
    const merged = mostFrequent(entries, describeEntry);
    const name = names.get(id) ?? `${merged.address}:${merged.port}`;
    members.push({ id, name, entry: merged });
    disagreements.push(...compareReports(name, reports, names));
  }
  disagreements.push(...findUncoveredSlots(views), ...findSharedEpochs(members));
  return { views, members, disagreements, agreed: disagreements.length === 0 };
}

/** Describes the properties of an entry that must be equal in all views. */
function describeEntry(entry: NodeEntry): string {
  return [entry.role, entry.primaryId ?? "-", formatRanges(normalizeRanges(entry.slots))].join(" ");
}

function mostFrequent<T>(items: readonly T[], key: (item: T) => string): T {
  const counts = new Map<string, { readonly item: T; count: number }>();
  for (const item of items) {
    const seen = counts.get(key(item));
    if (seen === undefined) counts.set(key(item), { item, count: 1 });
    else seen.count += 1;
  }
  return [...counts.values()].reduce((best, candidate) => (candidate.count > best.count ? candidate : best))
    .item;
}

/** The flags that indicate a problem. `nofailover` is not one of them, because it is a setting. */
const PROBLEM_FLAGS: ReadonlySet<string> = new Set(["fail?", "fail", "handshake", "noaddr"]);

/** What one node reports about a member; without an entry if the node does not list the member. */
interface MemberReport {
  readonly by: string;
  readonly entry: NodeEntry | undefined;
}

function compareReports(
  name: string,
  reports: readonly MemberReport[],
  names: NodeNames,
): readonly Disagreement[] {
  const found: Disagreement[] = [];
  const unaware = reports.filter(({ entry }) => entry === undefined).map(({ by }) => by);
  if (unaware.length > 0) {
    const plural = unaware.length === 1 ? "view" : "views";
    const message = `${name} is missing from the ${plural} of ${unaware.join(", ")}`;
    found.push({ kind: "members", about: name, message });
  }
  const known = reports.flatMap(({ by, entry }) => (entry === undefined ? [] : [{ by, entry }]));
  const compare = (kind: "role" | "primary" | "slots", read: (entry: NodeEntry) => string): void => {
    const groups = Map.groupBy(known, ({ entry }) => read(entry));
    if (groups.size < 2) return;
    const sides = [...groups].map(
      ([value, group]) =>
        `${group.map(({ by }) => by).join(", ")} ${group.length === 1 ? "reports" : "report"} ${value}`,
    );
    found.push({
      kind,
      about: name,
      message: `the views differ on the ${kind} of ${name}: ${sides.join("; ")}`,
    });
  };
  compare("role", (entry) => entry.role);
  compare("primary", (entry) =>
    entry.primaryId === undefined ? "none" : (names.get(entry.primaryId) ?? entry.primaryId),
  );
  compare("slots", (entry) => formatRanges(normalizeRanges(entry.slots)) || "none");
  for (const { by, entry } of known) {
    if (!entry.linkConnected && !entry.self) {
      found.push({ kind: "link", about: name, message: `${by} has no link to ${name}` });
    }
    const problems = entry.flags.filter((flag) => PROBLEM_FLAGS.has(flag));
    if (problems.length > 0) {
      found.push({ kind: "flags", about: name, message: `${by} flags ${name} as ${problems.join(", ")}` });
    }
    for (const open of entry.openSlots) {
      const peer = names.get(open.peer) ?? open.peer;
      const direction = open.kind === "migrating" ? "to" : "from";
      found.push({
        kind: "open-slot",
        about: name,
        message: `slot ${open.slot} of ${name} is ${open.kind} ${direction} ${peer}`,
      });
    }
  }
  return found;
}

function findUncoveredSlots(views: readonly NodeView[]): readonly Disagreement[] {
  const missing = unownedSlots(views);
  if (missing.length === 0) return [];
  const message = `no node that answers owns the slots ${formatRanges(missing)}`;
  return [{ kind: "coverage", about: undefined, message }];
}

/** Finds primaries with the same config epoch. If they claim the same slots, no claim is newer than the other. */
function findSharedEpochs(members: readonly MergedMember[]): readonly Disagreement[] {
  const owners = members.filter(({ entry }) => entry.role === "primary" && entry.slots.length > 0);
  return [...Map.groupBy(owners, ({ entry }) => entry.configEpoch)]
    .filter(([, group]) => group.length > 1)
    .map(([epoch, group]) => ({
      kind: "epoch",
      about: undefined,
      message: `${group.map(({ name }) => name).join(", ")} share the config epoch ${epoch}`,
    }));
}

/** Returns the slots that a member owns, as sorted ranges. */
export function memberSlots(member: MergedMember): readonly SlotRange[] {
  return normalizeRanges(member.entry.slots);
}
