import { wallClockMs } from "../clock/real-time.ts";
import type { ClusterPlan, NodeRole } from "../plan/cluster-plan.ts";
import { isCutOff } from "../view/cluster-state.ts";
import type { NodeView } from "../view/node-view.ts";
import { formatRanges } from "../view/slot-ranges.ts";
import type { Acknowledgement } from "./acknowledgements.ts";
import {
  type Claimant,
  dissentingNodes,
  findClaimants,
  hasRejoined,
  isUnhealthy,
  type Promotion,
  replacedPrimary,
  type ShardBefore,
  selfEntry,
  type Views,
} from "./shards.ts";
import { CLOCK_TOLERANCE_MS, type FlagChange, type NodeMoment } from "./suspicion.ts";
import type { NodeLogLine } from "./watch-logs.ts";

/** The observations of one shard. Times are milliseconds since the epoch, by the clock of this host. */
export interface ShardRecord {
  readonly shard: ShardBefore;
  /** All promotions, in order. */
  readonly promotions: Promotion[];
  /** The last promotion. */
  promotion: Promotion | undefined;
  /** Whether the old primary was observed as a replica, or won an election, which only a replica can do. */
  wasDemoted: boolean;
  /** When a view showed that the promoted node executes commands. */
  servingAt: number | undefined;
  /** When all reachable nodes reported the promoted node as the owner. */
  agreedAt: number | undefined;
  /** When the replaced primary had rejoined as a replica and was in sync. */
  rejoinedAt: number | undefined;
  /** When the old primary was last observed to be silent, flagged or replaced. */
  unhealthyAt: number | undefined;
  readonly acknowledgements: Acknowledgement[];
}

/** An event at a time in milliseconds since the epoch. */
export interface RecordedEvent extends NodeMoment {
  readonly kind: string;
  readonly text: string;
}

/** Stores all observations of a failover, and records when a state was observed for the first time. */
export class Recorder {
  readonly records: readonly ShardRecord[];
  readonly logLines: NodeLogLine[] = [];
  readonly events: RecordedEvent[] = [];
  /** The views before the fault. */
  readonly viewsBefore: Views;
  /** Maximum difference that the measurement can show between the clocks of two nodes although the clocks are equal. */
  readonly clockErrorMs: number;
  /** Node names by node id. */
  readonly namesById: ReadonlyMap<string, string>;
  /** All changes of flags in the views. */
  readonly flagChanges: FlagChange[] = [];
  readonly #plan: ClusterPlan;
  readonly #views: Map<string, NodeView>;
  /** When the views before the fault were requested. */
  readonly #startedAt: number;
  /** The current flag, by the node that flags and the flagged node. */
  readonly #flags = new Map<string, FlagChange["flag"]>();
  /** When a node logged a suspicion that no view has shown yet, by the node and the suspected node. */
  readonly #suspicionLoggedAt = new Map<string, number>();
  /** When the last view that showed a node as a replica was requested. */
  readonly #lastReplicaAt = new Map<string, number>();
  /** The role that each node last reported for itself. */
  readonly #roles = new Map<string, NodeRole>();
  readonly #conditions = new Map<string, NodeConditions>();
  /** The roles, epochs and slots that all nodes report for themselves, as text. */
  #selfReports = "";
  /** The time for which the last view of each node is certainly valid. */
  readonly #viewValidAt = new Map<string, number>();

  /**
   * @param options.startedAt when the views before the fault were requested. @default now
   * @param options.latestStarts the latest possible start time of each node's process, if known.
   * @param options.clockErrorMs the maximum difference that the measurement can show between the clocks of two nodes although the
   * clocks are equal. @default 0
   */
  constructor(
    plan: ClusterPlan,
    shards: readonly ShardBefore[],
    viewsBefore: Views,
    options: {
      readonly startedAt?: number;
      readonly latestStarts?: ReadonlyMap<string, number>;
      readonly clockErrorMs?: number;
    } = {},
  ) {
    this.#plan = plan;
    this.viewsBefore = viewsBefore;
    this.#views = new Map(viewsBefore);
    this.namesById = new Map(plan.nodes.map(({ id, name }) => [id, name]));
    this.records = shards.map((shard) => ({
      shard,
      promotions: [],
      promotion: undefined,
      wasDemoted: false,
      servingAt: undefined,
      agreedAt: undefined,
      rejoinedAt: undefined,
      unhealthyAt: undefined,
      acknowledgements: [],
    }));
    const { startedAt = wallClockMs(), latestStarts, clockErrorMs = 0 } = options;
    this.clockErrorMs = clockErrorMs;
    this.#startedAt = startedAt;
    for (const view of viewsBefore.values()) {
      this.#recordFlags(view, startedAt, startedAt, { addEvents: false });
      const role = selfEntry(view)?.role;
      if (role !== undefined) this.#roles.set(view.node, role);
      this.#recordConditions(view, latestStarts?.get(view.node) ?? startedAt);
    }
    this.#selfReports = this.#formatSelfReports();
  }

  /** The latest view of each node. */
  get views(): Views {
    return this.#views;
  }

  /** Returns whether the latest view of every node was requested after a time, or the node was found to be silent after it. */
  hasSeenAllSince(atMs: number): boolean {
    return this.#plan.nodes.every(
      ({ name }) => (this.#viewValidAt.get(name) ?? Number.NEGATIVE_INFINITY) > atMs,
    );
  }

  /** Adds an event. Node ids in its text are replaced by node names. */
  addEvent(node: string, kind: string, text: string, atMs: number): void {
    this.events.push({ node, kind, text: this.#replaceIds(text), atMs });
  }

  onLogLine(line: NodeLogLine): void {
    this.logLines.push(line);
    this.addEvent(line.node, line.event.kind, line.text, line.atMs);
    if (line.event.kind === "suspected") {
      this.#suspicionLoggedAt.set(`${line.node} ${line.event.about}`, line.atMs);
    }
    if (!isPromotionLine(line)) return;
    for (const record of this.records) {
      if (record.shard.primary.name !== line.node) continue;
      record.wasDemoted = true;
      // The view that shows the promotion may have arrived before the line.
      this.#recordPromotions(wallClockMs());
    }
  }

  /**
   * @param atMs when the view arrived.
   * @param requestedMs when the view was requested. @default atMs
   */
  onView(view: NodeView, atMs: number, requestedMs: number = atMs): void {
    const previous = this.#views.get(view.node);
    this.#views.set(view.node, view);
    this.#viewValidAt.set(view.node, view.kind === "silent" ? atMs : requestedMs);
    if (previous?.kind !== view.kind) {
      if (view.kind === "silent") this.addEvent(view.node, "silent", `is silent: ${view.reason}`, atMs);
      else this.addEvent(view.node, "answers", "answers again", atMs);
    }
    this.#recordFlags(view, atMs, requestedMs, { addEvents: true });
    this.#recordConditions(view, atMs);
    this.#recordRole(view, atMs, requestedMs);
    const selfReports = this.#formatSelfReports();
    // This runs for every view, but a promotion is possible only if a node reports something new about itself.
    if (selfReports !== this.#selfReports) {
      this.#selfReports = selfReports;
      this.#recordPromotions(atMs);
    }
    for (const record of this.records) this.#recordProgress(record, atMs);
  }

  /** Returns the conditions that determine how long a node may reject commands. */
  conditionsOf(node: string): NodeConditions {
    return (
      this.#conditions.get(node) ?? { latestStartAt: undefined, minorityAt: undefined, downAt: undefined }
    );
  }

  #recordConditions(view: NodeView, atMs: number): void {
    const { latestStartAt, minorityAt, downAt } = this.conditionsOf(view.node);
    if (view.kind === "silent") {
      this.#conditions.set(view.node, { latestStartAt: undefined, minorityAt, downAt });
      return;
    }
    this.#conditions.set(view.node, {
      latestStartAt: latestStartAt ?? atMs,
      minorityAt: isCutOff(view) ? atMs : minorityAt,
      downAt: view.state === "ok" ? downAt : atMs,
    });
  }

  #recordRole(view: NodeView, atMs: number, requestedMs: number): void {
    const role = selfEntry(view)?.role;
    if (role === undefined) return;
    if (role === "replica" && this.#roles.get(view.node) === "primary") {
      this.addEvent(view.node, "replica", "reports that it is a replica", atMs);
    }
    this.#roles.set(view.node, role);
    if (role !== "replica") return;
    this.#lastReplicaAt.set(view.node, requestedMs);
    for (const record of this.records) {
      if (record.shard.primary.name === view.node) record.wasDemoted = true;
    }
  }

  /** Records the changes of the flags `fail?` and `fail` in a view. */
  #recordFlags(
    view: NodeView,
    atMs: number,
    requestedMs: number,
    { addEvents }: { readonly addEvents: boolean },
  ): void {
    if (view.kind === "silent") return;
    for (const { id, flags } of view.members) {
      const flag = flags.includes("fail") ? "fail" : flags.includes("fail?") ? "fail?" : "";
      const key = `${view.node} ${id}`;
      const loggedAt = this.#suspicionLoggedAt.get(key);
      // A suspicion that started and ended between two views.
      const wasDropped = flag === "" && loggedAt !== undefined && loggedAt < requestedMs - CLOCK_TOLERANCE_MS;
      if (flag !== "" || wasDropped) this.#suspicionLoggedAt.delete(key);
      const hasChanged = (this.#flags.get(key) ?? "") !== flag;
      if (!hasChanged && !wasDropped) continue;
      this.#flags.set(key, flag);
      this.flagChanges.push({ atMs, node: view.node, about: id, flag });
      if (!addEvents || !hasChanged) continue;
      const name = this.namesById.get(id) ?? id;
      const text = flag === "" ? `no longer flags ${name}` : `flags ${name} as ${flag}`;
      this.addEvent(view.node, "flag", text, atMs);
    }
  }

  #recordPromotions(atMs: number): void {
    const claimants = findClaimants(
      this.records.map(({ shard }) => shard),
      this.#views,
    );
    for (const record of this.records) {
      const claimant = claimants.get(record.shard);
      if (claimant !== undefined && isNewPromotion(record, claimant)) {
        this.#recordPromotion(record, claimant, atMs);
      }
    }
  }

  #recordPromotion(record: ShardRecord, claimant: Claimant, atMs: number): void {
    const { shard, promotions, promotion: previous } = record;
    const isSameNode = previous?.name === claimant.name;
    const notBefore = this.#lastReplicaAt.get(claimant.name) ?? this.#startedAt;
    const replaced = isSameNode ? previous.replaced : (previous ?? shard.primary);
    const promotion = {
      ...claimant,
      replaced: { name: replaced.name, id: replaced.id },
      notBefore: isSameNode ? Math.max(previous.notBefore, notBefore) : notBefore,
      observedAt: atMs,
      toleranceMs: CLOCK_TOLERANCE_MS + this.clockErrorMs,
    };
    // If the same node claims the slots with a greater epoch, it was promoted once: the other nodes ignored its first claim.
    if (isSameNode) promotions.pop();
    promotions.push(promotion);
    record.promotion = promotion;
    record.servingAt = undefined;
    record.agreedAt = undefined;
    record.rejoinedAt = undefined;
    const { name, slots, epoch } = promotion;
    this.addEvent(name, "promoted", `serves ${formatRanges(slots)} at epoch ${epoch}`, atMs);
  }

  /** Records the steps that follow the promotion of a shard. */
  #recordProgress(record: ShardRecord, atMs: number): void {
    const { shard, promotion } = record;
    if (isUnhealthy(shard, this.#views)) record.unhealthyAt = atMs;
    if (promotion === undefined) return;
    if (record.servingAt === undefined) {
      const view = this.#views.get(promotion.name);
      if (view?.kind !== "answered" || view.state !== "ok") return;
      record.servingAt = atMs;
      this.addEvent(promotion.name, "serving", "reports cluster_state:ok", atMs);
    }
    if (record.agreedAt === undefined && dissentingNodes(promotion, this.#views).length === 0) {
      record.agreedAt = atMs;
      this.addEvent(promotion.name, "agreed", "is the primary in the views of all reachable nodes", atMs);
    }
    if (record.rejoinedAt === undefined && hasRejoined(shard, promotion, this.#views)) {
      record.rejoinedAt = atMs;
      const { name } = replacedPrimary(shard, promotion);
      this.addEvent(name, "back", `is a replica of ${promotion.name} and in sync`, atMs);
    }
  }

  #formatSelfReports(): string {
    return this.#plan.nodes
      .map(({ name }) => {
        const self = selfEntry(this.#views.get(name));
        return self === undefined ? "-" : `${self.role} ${self.configEpoch} ${formatRanges(self.slots)}`;
      })
      .join("\n");
  }

  /**
   * Replaces the ids of nodes with their names. After an id, Redis 7.2 and newer print the value of
   * `cluster-announce-human-nodename` in parentheses, which is usually empty and is then removed.
   */
  #replaceIds(text: string): string {
    return text.replaceAll(/\b([0-9a-f]{40})\b(?: \(\))?/g, (_, id: string) => this.namesById.get(id) ?? id);
  }
}

/** The conditions that determine how long a promoted node may reject commands. Times are milliseconds since the epoch. */
export interface NodeConditions {
  /** Latest possible start time of the node's process. Undefined while the node is silent. */
  readonly latestStartAt: number | undefined;
  /** When the node's own view last showed that it is in a minority. */
  readonly minorityAt: number | undefined;
  /** When the node last reported a cluster_state that is not ok. */
  readonly downAt: number | undefined;
}

/** Returns whether a log line shows that its node became a primary. */
export function isPromotionLine({ event }: NodeLogLine): boolean {
  return event.kind === "elected" || (event.kind === "manual" && event.step === "takeover");
}

/** Returns whether a claim shows a promotion after the last recorded promotion of the shard. */
function isNewPromotion({ shard, promotion, wasDemoted }: ShardRecord, { name, epoch }: Claimant): boolean {
  if (epoch <= (promotion?.epoch ?? shard.epoch)) return false;
  // The epoch of a primary may also increase without a promotion, for example after a collision of epochs.
  return promotion !== undefined || name !== shard.primary.name || wasDemoted;
}
