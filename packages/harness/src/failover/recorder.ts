import { wallClockMs } from "../clock/real-time.ts";
import type { ClusterPlan, NodeRole } from "../plan/cluster-plan.ts";
import { isCutOff } from "../view/cluster-state.ts";
import type { NodeView } from "../view/node-view.ts";
import { formatRanges } from "../view/slot-ranges.ts";
import type { Acknowledgement } from "./acknowledgements.ts";
import {
  type Claimant,
  claimantsOf,
  deposedOf,
  dissentersOf,
  isBack,
  isTroubled,
  type Promotion,
  type ShardBefore,
  selfOf,
  type Views,
} from "./shards.ts";
import { CLOCK_SLACK_MS, type FlagChange, type Sighting } from "./suspicion.ts";
import type { NodeLogLine } from "./watch-logs.ts";

/** What was seen of one shard; moments in milliseconds since the epoch by this machine's clock. */
export interface ShardRecord {
  readonly shard: ShardBefore;
  /** Every promotion, in order. */
  readonly promotions: Promotion[];
  /** The last one. */
  promotion: Promotion | undefined;
  /** The old primary was seen as a replica, or won an election, which only a replica can. */
  wasDeposed: boolean;
  /** When the promoted node was seen to execute commands, and when all agreed about it. */
  servingAt: number | undefined;
  agreedAt: number | undefined;
  backAt: number | undefined;
  /** When the old primary was last seen silent, flagged or deposed. */
  troubledAt: number | undefined;
  readonly acknowledgements: Acknowledgement[];
}

/** Something that happened, at a moment of `Date.now()`. */
export interface RecordedEvent extends Sighting {
  readonly kind: string;
  readonly text: string;
}

/** Keeps everything that is seen, and notes the moments at which something was so for the first time. */
export class Recorder {
  readonly records: readonly ShardRecord[];
  readonly lines: NodeLogLine[] = [];
  readonly events: RecordedEvent[] = [];
  readonly before: Views;
  readonly clockErrorMs: number;
  readonly #plan: ClusterPlan;
  readonly #views: Map<string, NodeView>;
  /** Node names by node id. */
  readonly nameOf: ReadonlyMap<string, string>;
  /** Every change of a flag in a view. */
  readonly flags: FlagChange[] = [];
  readonly #flagNow = new Map<string, FlagChange["flag"]>();
  /** When a node's log said that it suspects another one, by both: no view need have shown it. */
  readonly #loggedAt = new Map<string, number>();
  /** When the last view that showed a node as a replica was asked for. */
  readonly #replicaAt = new Map<string, number>();
  readonly #begunAt: number;
  /** What each node reported of itself last. */
  readonly #roleOf = new Map<string, NodeRole>();
  readonly #conditions = new Map<string, NodeConditions>();
  #roles = "";
  /** The moment for which the last view of each node is true for certain. */
  readonly #seenAt = new Map<string, number>();

  /**
   * @param options `begunAt`: when the views of before were asked for. Default: now. `startedBy`: by when the process of
   * each node was running, as far as that is known. `clockErrorMs`: how far the clocks of two nodes may seem to be apart
   * although they are the same. Default 0.
   */
  constructor(
    plan: ClusterPlan,
    shards: readonly ShardBefore[],
    before: Views,
    options: {
      readonly begunAt?: number;
      readonly startedBy?: ReadonlyMap<string, number>;
      readonly clockErrorMs?: number;
    } = {},
  ) {
    this.#plan = plan;
    this.before = before;
    this.#views = new Map(before);
    this.nameOf = new Map(plan.nodes.map(({ id, name }) => [id, name]));
    this.records = shards.map((shard) => ({
      shard,
      promotions: [],
      promotion: undefined,
      wasDeposed: false,
      servingAt: undefined,
      agreedAt: undefined,
      backAt: undefined,
      troubledAt: undefined,
      acknowledgements: [],
    }));
    const { begunAt = wallClockMs(), startedBy, clockErrorMs = 0 } = options;
    this.clockErrorMs = clockErrorMs;
    this.#begunAt = begunAt;
    for (const view of before.values()) {
      this.#noteFlags(view, begunAt, begunAt, false);
      const role = selfOf(view)?.role;
      if (role !== undefined) this.#roleOf.set(view.node, role);
      this.#noteConditions(view, startedBy?.get(view.node) ?? begunAt);
    }
    this.#roles = this.#rolesNow();
  }

  /** What every node said last. */
  get views(): Views {
    return this.#views;
  }

  /** Whether every node was seen after that moment: asked, or found to be silent. */
  hasSeenAllSince(moment: number): boolean {
    return this.#plan.nodes.every(
      ({ name }) => (this.#seenAt.get(name) ?? Number.NEGATIVE_INFINITY) > moment,
    );
  }

  note(node: string, kind: string, text: string, atMs: number = wallClockMs()): void {
    this.events.push({ node, kind, text: this.#named(text), atMs });
  }

  onLine(line: NodeLogLine): void {
    this.lines.push(line);
    this.note(line.node, line.event.kind, line.text, line.atMs);
    if (line.event.kind === "suspected") this.#loggedAt.set(`${line.node} ${line.event.about}`, line.atMs);
    if (!isPromotion(line)) return;
    for (const record of this.records) {
      if (record.shard.primary.name !== line.node) continue;
      record.wasDeposed = true;
      // The view that shows it may have been here already.
      this.#notePromotions(wallClockMs());
    }
  }

  /** @param askedMs when the view was asked for; `atMs` is when it arrived. */
  onView(view: NodeView, atMs: number, askedMs: number = atMs): void {
    const last = this.#views.get(view.node);
    this.#views.set(view.node, view);
    this.#seenAt.set(view.node, view.kind === "silent" ? atMs : askedMs);
    if (last?.kind !== view.kind) {
      if (view.kind === "silent") this.note(view.node, "silent", `gives no view: ${view.reason}`, atMs);
      else this.note(view.node, "answers", "gives a view again", atMs);
    }
    this.#noteFlags(view, atMs, askedMs, true);
    this.#noteConditions(view, atMs);
    const role = selfOf(view)?.role;
    if (role === "replica" && this.#roleOf.get(view.node) === "primary")
      this.note(view.node, "replica", "reports that it is a replica", atMs);
    if (role !== undefined) this.#roleOf.set(view.node, role);
    if (role === "replica") {
      this.#replicaAt.set(view.node, askedMs);
      for (const record of this.records)
        if (record.shard.primary.name === view.node) record.wasDeposed = true;
    }
    const roles = this.#rolesNow();
    // Only when a node reports something new of itself: this is asked at every answer.
    if (roles !== this.#roles) {
      this.#roles = roles;
      this.#notePromotions(atMs);
    }
    for (const record of this.records) this.#noteShard(record, atMs);
  }

  /** What is known of a node's process and of its place among the others, for how long it may refuse commands. */
  conditionsOf(node: string): NodeConditions {
    return (
      this.#conditions.get(node) ?? { answersSince: undefined, minorityAt: undefined, downAt: undefined }
    );
  }

  #noteConditions(view: NodeView, atMs: number): void {
    const { answersSince, minorityAt, downAt } = this.conditionsOf(view.node);
    if (view.kind === "silent") {
      this.#conditions.set(view.node, { answersSince: undefined, minorityAt, downAt });
      return;
    }
    this.#conditions.set(view.node, {
      answersSince: answersSince ?? atMs,
      minorityAt: isCutOff(view) ? atMs : minorityAt,
      downAt: view.state === "ok" ? downAt : atMs,
    });
  }

  /** Which nodes a node flags as failing, noted when it changes. */
  #noteFlags(view: NodeView, atMs: number, askedMs: number, tell: boolean): void {
    if (view.kind === "silent") return;
    for (const { id, flags } of view.members) {
      const flag = flags.includes("fail") ? "fail" : flags.includes("fail?") ? "fail?" : "";
      const key = `${view.node} ${id}`;
      const logged = this.#loggedAt.get(key);
      // A suspicion that came and went between two views.
      const dropped = flag === "" && logged !== undefined && logged < askedMs - CLOCK_SLACK_MS;
      if (flag !== "" || dropped) this.#loggedAt.delete(key);
      const changed = (this.#flagNow.get(key) ?? "") !== flag;
      if (!changed && !dropped) continue;
      this.#flagNow.set(key, flag);
      this.flags.push({ atMs, node: view.node, about: id, flag });
      if (!tell || !changed) continue;
      const name = this.nameOf.get(id) ?? id;
      const words = flag === "" ? `no longer flags ${name}` : `flags ${name} as ${flag}`;
      this.note(view.node, "flag", words, atMs);
    }
  }

  #notePromotions(atMs: number): void {
    const found = claimantsOf(
      this.records.map(({ shard }) => shard),
      this.#views,
    );
    for (const record of this.records) {
      const claimant = found.get(record.shard);
      if (claimant !== undefined && isNew(record, claimant)) this.#promote(record, claimant, atMs);
    }
  }

  #promote(record: ShardRecord, claimant: Claimant, atMs: number): void {
    const { shard, promotions, promotion: last } = record;
    const again = last?.name === claimant.name;
    const notBefore = this.#replicaAt.get(claimant.name) ?? this.#begunAt;
    const replaced = again ? last.replaced : (last ?? shard.primary);
    const promotion = {
      ...claimant,
      replaced: { name: replaced.name, id: replaced.id },
      notBefore: again ? Math.max(last.notBefore, notBefore) : notBefore,
      seenAt: atMs,
      slackMs: CLOCK_SLACK_MS + this.clockErrorMs,
    };
    // The same node at a greater epoch was promoted once: its first claim was ignored by the others.
    if (again) promotions.pop();
    promotions.push(promotion);
    record.promotion = promotion;
    record.servingAt = undefined;
    record.agreedAt = undefined;
    record.backAt = undefined;
    const { name, slots, epoch } = promotion;
    this.note(name, "promoted", `serves ${formatRanges(slots)} at epoch ${epoch}`, atMs);
  }

  #noteShard(record: ShardRecord, atMs: number): void {
    const { shard, promotion } = record;
    if (isTroubled(shard, this.#views)) record.troubledAt = atMs;
    if (promotion === undefined) return;
    if (record.servingAt === undefined) {
      const view = this.#views.get(promotion.name);
      if (view?.kind !== "answered" || view.state !== "ok") return;
      record.servingAt = atMs;
      this.note(promotion.name, "serving", "says cluster_state:ok", atMs);
    }
    if (record.agreedAt === undefined && dissentersOf(promotion, this.#views).length === 0) {
      record.agreedAt = atMs;
      this.note(
        promotion.name,
        "agreed",
        "is the primary in the eyes of every node that can be reached",
        atMs,
      );
    }
    if (record.backAt === undefined && isBack(shard, promotion, this.#views)) {
      record.backAt = atMs;
      const { name } = deposedOf(shard, promotion);
      this.note(name, "back", `is a replica of ${promotion.name}, in sync`, atMs);
    }
  }

  #rolesNow(): string {
    return this.#plan.nodes
      .map(({ name }) => {
        const self = selfOf(this.#views.get(name));
        return self === undefined ? "-" : `${self.role} ${self.configEpoch} ${formatRanges(self.slots)}`;
      })
      .join("\n");
  }

  #named(text: string): string {
    return text.replaceAll(/\b[0-9a-f]{40}\b/g, (id) => this.nameOf.get(id) ?? id);
  }
}

/** What decides for how long a promoted node may refuse commands; moments in milliseconds since the epoch. */
export interface NodeConditions {
  /** Since when it has answered without a pause: its process is at least that old. */
  readonly answersSince: number | undefined;
  /** When it last saw itself in a minority. */
  readonly minorityAt: number | undefined;
  /** When its cluster_state was last seen not to be ok. */
  readonly downAt: number | undefined;
}

/** Whether a line says that its node became a primary. */
export function isPromotion({ event }: NodeLogLine): boolean {
  return event.kind === "elected" || (event.kind === "manual" && event.step === "takeover");
}

/** Whether a claim means that its node was promoted since the last promotion. */
function isNew({ shard, promotion, wasDeposed }: ShardRecord, { name, epoch }: Claimant): boolean {
  if (epoch <= (promotion?.epoch ?? shard.epoch)) return false;
  // A primary may get a greater epoch without a promotion, for example after a collision of epochs.
  return promotion !== undefined || name !== shard.primary.name || wasDeposed;
}
