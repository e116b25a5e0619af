import type { SlotRange } from "../plan/cluster-plan.ts";
import type { NodeView } from "./node-view.ts";
import type { NodeEntry } from "./parse-cluster-nodes.ts";
import { unownedSlots } from "./slot-owners.ts";
import { formatRanges, normalizeRanges } from "./slot-ranges.ts";

/** A point on which the nodes differ, or on which all agree that something is wrong. */
export interface Disagreement {
  /**
   * `unreachable`: a node gave no view. `state`: its cluster_state is not ok. `members`, `role`, `primary`, `slots`: nodes
   * say different things of one. `open-slot`: a slot in migration. `epoch`: two primaries share one. `link`, `flags`: a
   * node has no link to another, or suspects it. `coverage`: slots that no node that answers
   * owns. `replication`: a
   * replica is not in sync.
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
  /** The node that it is about, or undefined where it is about the whole cluster. */
  readonly about: string | undefined;
  /** One sentence that names who says what. */
  readonly message: string;
}

/** All nodes' views of the cluster, kept apart, and what they differ in. */
export interface ClusterView {
  /** What each node said, or why it said nothing, in the order of their names. */
  readonly views: readonly NodeView[];
  /** What most of the nodes that answered say of each member, by node name; equal counts: the first node's word. */
  readonly members: readonly MergedMember[];
  /** Everything on which the nodes differ, and everything that is wrong though they agree. */
  readonly disagreements: readonly Disagreement[];
  /** True where every node answered, all say the same, and nothing is wrong. */
  readonly agreed: boolean;
}

/** One member in the eyes of most nodes. */
export interface MergedMember {
  /** Its node id. */
  readonly id: string;
  /** `node-0`, …; for a member that this library did not start, its address. */
  readonly name: string;
  /** The word of most nodes that answered, of the first one where as many say something else. */
  readonly entry: NodeEntry;
}

/** Names the members by node id. */
export type Names = ReadonlyMap<string, string>;

/** Puts every node's view beside the others. Pure. */
export function mergeViews(views: readonly NodeView[], names: Names): ClusterView {
  const answered = views.filter((view) => view.kind === "answered");
  const disagreements: Disagreement[] = [];
  for (const view of views) {
    if (view.kind === "silent") {
      disagreements.push({
        kind: "unreachable",
        about: view.node,
        message: `${view.node} gave no view: ${view.reason}`,
      });
    } else {
      if (view.state !== "ok") {
        disagreements.push({
          kind: "state",
          about: view.node,
          message: `${view.node} says cluster_state:${view.state}`,
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
    const said = answered.map((view) => ({
      by: view.node,
      entry: view.members.find((member) => member.id === id),
    }));
    const known = said.flatMap(({ entry }) => (entry === undefined ? [] : [entry]));
    const merged = majority(known, describe);
    const name = names.get(id) ?? `${merged.address}:${merged.port}`;
    members.push({ id, name, entry: merged });
    disagreements.push(...compare(name, said, names));
  }
  disagreements.push(...coverage(views), ...epochs(members));
  return { views, members, disagreements, agreed: disagreements.length === 0 };
}

/** What an entry says that all nodes should say alike. */
function describe(entry: NodeEntry): string {
  return [entry.role, entry.primaryId ?? "-", formatRanges(normalizeRanges(entry.slots))].join(" ");
}

function majority<T>(items: readonly T[], key: (item: T) => string): T {
  const counts = new Map<string, { readonly item: T; count: number }>();
  for (const item of items) {
    const seen = counts.get(key(item));
    if (seen === undefined) counts.set(key(item), { item, count: 1 });
    else seen.count += 1;
  }
  return [...counts.values()].reduce((best, each) => (each.count > best.count ? each : best)).item;
}

/** `nofailover` is a setting, not a symptom. */
const ALARMING: ReadonlySet<string> = new Set(["fail?", "fail", "handshake", "noaddr"]);

interface Said {
  readonly by: string;
  readonly entry: NodeEntry | undefined;
}

function compare(name: string, said: readonly Said[], names: Names): readonly Disagreement[] {
  const found: Disagreement[] = [];
  const unaware = said.filter(({ entry }) => entry === undefined).map(({ by }) => by);
  if (unaware.length > 0) {
    found.push({ kind: "members", about: name, message: `${unaware.join(", ")} do not know ${name}` });
  }
  const known = said.flatMap(({ by, entry }) => (entry === undefined ? [] : [{ by, entry }]));
  const differ = (kind: Disagreement["kind"], what: string, read: (entry: NodeEntry) => string): void => {
    const groups = Map.groupBy(known, ({ entry }) => read(entry));
    if (groups.size < 2) return;
    const sides = [...groups].map(
      ([value, sayers]) => `${sayers.map(({ by }) => by).join(", ")} say ${value}`,
    );
    found.push({ kind, about: name, message: `${what} of ${name}: ${sides.join("; ")}` });
  };
  differ("role", "the role", (entry) => entry.role);
  differ("primary", "the primary", (entry) =>
    entry.primaryId === undefined ? "none" : (names.get(entry.primaryId) ?? entry.primaryId),
  );
  differ("slots", "the slots", (entry) => formatRanges(normalizeRanges(entry.slots)) || "none");
  for (const { by, entry } of known) {
    if (!entry.linkConnected && !entry.self) {
      found.push({ kind: "link", about: name, message: `${by} has no link to ${name}` });
    }
    const alarming = entry.flags.filter((flag) => ALARMING.has(flag));
    if (alarming.length > 0) {
      found.push({ kind: "flags", about: name, message: `${by} flags ${name} as ${alarming.join(", ")}` });
    }
    for (const open of entry.openSlots) {
      const peer = names.get(open.peer) ?? open.peer;
      const way = open.kind === "migrating" ? "to" : "from";
      found.push({
        kind: "open-slot",
        about: name,
        message: `slot ${open.slot} of ${name} is ${open.kind} ${way} ${peer}`,
      });
    }
  }
  return found;
}

function coverage(views: readonly NodeView[]): readonly Disagreement[] {
  const missing = unownedSlots(views);
  if (missing.length === 0) return [];
  const message = `nobody who answers serves the slots ${formatRanges(missing)}`;
  return [{ kind: "coverage", about: undefined, message }];
}

/** Two primaries at one config epoch: a failover's claim could not be told from the other's. */
function epochs(members: readonly MergedMember[]): readonly Disagreement[] {
  const owners = members.filter(({ entry }) => entry.role === "primary" && entry.slots.length > 0);
  return [...Map.groupBy(owners, ({ entry }) => entry.configEpoch)]
    .filter(([, sharers]) => sharers.length > 1)
    .map(([epoch, sharers]) => ({
      kind: "epoch",
      about: undefined,
      message: `${sharers.map(({ name }) => name).join(", ")} share the config epoch ${epoch}`,
    }));
}

/** The slots that a member serves, in order. */
export function memberSlots(member: MergedMember): readonly SlotRange[] {
  return normalizeRanges(member.entry.slots);
}
