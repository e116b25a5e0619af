import type { ClusterPlan } from "../plan/cluster-plan.ts";
import type { NodeView } from "../view/cluster-view.ts";
import { formatRanges } from "../view/slot-ranges.ts";
import {
  dissentersOf,
  isBack,
  isTroubled,
  type Promotion,
  promotionsOf,
  type ShardBefore,
  selfOf,
  type Views,
} from "./shards.ts";
import type { NodeLogLine } from "./watch-logs.ts";
import { wallClockMs } from "../clock/real-time.ts";

/** A moment as `Date.now()` tells, and whose it is. */
interface Sighting {
  readonly atMs: number;
  readonly node: string;
}

/** What was seen of one shard; moments as `Date.now()` tells. */
export interface ShardRecord {
  readonly shard: ShardBefore;
  promotion: Promotion | undefined;
  /** First `fail?` and first `fail` of the old primary in anybody's view. */
  suspected: Sighting | undefined;
  failed: Sighting | undefined;
  servingAt: number | undefined;
  agreedAt: number | undefined;
  backAt: number | undefined;
  /** The old primary was silent, flagged or deposed at some time. */
  wasTroubled: boolean;
  /** When writes to it were acknowledged. */
  readonly writtenAt: number[];
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
  readonly #plan: ClusterPlan;
  readonly #views: Map<string, NodeView>;
  /** Node names by node id. */
  readonly nameOf: ReadonlyMap<string, string>;
  readonly #flags = new Map<string, string>();
  #roles = "";

  constructor(plan: ClusterPlan, shards: readonly ShardBefore[], before: Views) {
    this.#plan = plan;
    this.before = before;
    this.#views = new Map(before);
    this.nameOf = new Map(plan.nodes.map(({ id, name }) => [id, name]));
    this.records = shards.map((shard) => ({
      shard,
      promotion: undefined,
      suspected: undefined,
      failed: undefined,
      servingAt: undefined,
      agreedAt: undefined,
      backAt: undefined,
      wasTroubled: false,
      writtenAt: [],
    }));
    for (const view of before.values()) this.#noteFlags(view, undefined);
    this.#roles = this.#rolesNow();
  }

  /** What every node said last. */
  get views(): Views {
    return this.#views;
  }

  note(node: string, kind: string, text: string, atMs: number = wallClockMs()): void {
    this.events.push({ node, kind, text: this.#named(text), atMs });
  }

  onLine(line: NodeLogLine): void {
    this.lines.push(line);
    this.note(line.node, line.event.kind, line.text, line.atMs);
  }

  onView(view: NodeView, atMs: number): void {
    const last = this.#views.get(view.node);
    this.#views.set(view.node, view);
    if (last?.kind !== view.kind) {
      if (view.kind === "silent") this.note(view.node, "silent", `gives no view: ${view.reason}`, atMs);
      else this.note(view.node, "answers", "gives a view again", atMs);
    }
    this.#noteFlags(view, atMs);
    this.#notePromotions(atMs);
    for (const record of this.records) this.#noteShard(record, atMs);
  }

  /** Whom a node flags as failing, noted when it changes. */
  #noteFlags(view: NodeView, atMs: number | undefined): void {
    if (view.kind === "silent") return;
    for (const { id, flags } of view.members) {
      const flag = flags.includes("fail") ? "fail" : flags.includes("fail?") ? "fail?" : "";
      const key = `${view.node} ${id}`;
      if ((this.#flags.get(key) ?? "") === flag) continue;
      this.#flags.set(key, flag);
      if (atMs === undefined) continue;
      const name = this.nameOf.get(id) ?? id;
      this.note(
        view.node,
        "flag",
        flag === "" ? `no longer flags ${name}` : `flags ${name} as ${flag}`,
        atMs,
      );
      const record = this.records.find(({ shard }) => shard.primary.id === id);
      if (record === undefined || record.promotion !== undefined || flag === "") continue;
      if (flag === "fail?") record.suspected ??= { atMs, node: view.node };
      else record.failed ??= { atMs, node: view.node };
    }
  }

  /** Looks for a new primary, but only when somebody says something new of itself: it is asked at every answer. */
  #notePromotions(atMs: number): void {
    const roles = this.#rolesNow();
    if (roles === this.#roles) return;
    this.#roles = roles;
    const found = promotionsOf(
      this.records.map(({ shard }) => shard),
      this.#views,
    );
    for (const record of this.records) {
      const promotion = found.get(record.shard);
      if (promotion === undefined || promotion.epoch <= (record.promotion?.epoch ?? 0)) continue;
      record.promotion = promotion;
      record.servingAt = undefined;
      record.agreedAt = undefined;
      this.note(
        promotion.name,
        "promoted",
        `serves ${formatRanges(promotion.slots)} at epoch ${promotion.epoch}`,
        atMs,
      );
    }
  }

  #noteShard(record: ShardRecord, atMs: number): void {
    const { shard, promotion } = record;
    if (!record.wasTroubled && isTroubled(shard, this.#views)) record.wasTroubled = true;
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
      this.note(shard.primary.name, "back", `is a replica of ${promotion.name}, in sync`, atMs);
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
