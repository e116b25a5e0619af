import type { DeposedWrites, FailoverPhases, ShardPromotion, TimelineEvent } from "../failover/failover.ts";
import type { SlotRange } from "../plan/cluster-plan.ts";
import type { Ledger, LostWrite, ShardLedger, StaleValue, WriteKind } from "../workload/ledger.ts";

/**
 * What a lane was for a while. Of a node: `unknown` is a role that nobody told, `silent` gives no answer to us,
 * `election-delay` waits before it asks for votes, `election` asks. Of the client: `writable`, `unavailable`.
 */
export type LaneState =
  | "primary"
  | "replica"
  | "unknown"
  | "silent"
  | "suspected"
  | "declared-dead"
  | "election-delay"
  | "election"
  | "writable"
  | "unavailable";

/** What a mark stands for; the last three are findings of the ledger. */
export type MarkKind =
  | "fault"
  | "suspected"
  | "declared-dead"
  | "manual"
  | "election-planned"
  | "election-started"
  | "vote"
  | "vote-denied"
  | "elected"
  | "serving"
  | "agreed"
  | "first-write"
  | "late-write"
  | "rejoined"
  | "lost"
  | "stale"
  | "duplicated";

/** A state from one moment to another, in milliseconds since the fault. */
export interface TimelineBar {
  readonly state: LaneState;
  readonly fromMs: number;
  readonly toMs: number;
}

/** A node, or what a client's writes to one shard met. Its bars follow each other without a gap. */
export interface TimelineLane {
  readonly kind: "node" | "client";
  /** `node-3`, or `client`. */
  readonly name: string;
  /** Of a node: the shard that it belonged to before the fault. */
  readonly shard: number | undefined;
  readonly bars: readonly TimelineBar[];
}

/** Something that happened at a moment, or, where `count` is above 1, several such things close together. */
export interface TimelineMark {
  readonly kind: MarkKind;
  /** Index of its lane. */
  readonly lane: number;
  /** Milliseconds since the fault; may lie outside of the timeline's range. */
  readonly atMs: number;
  readonly count: number;
  /** What happened, in a sentence without its subject. */
  readonly text: string;
}

/** What happened to every node and to the client, in milliseconds since the fault. */
export interface Timeline {
  readonly fromMs: number;
  readonly toMs: number;
  /** The nodes in the plan's order, then one lane for each shard that writes had trouble with. */
  readonly lanes: readonly TimelineLane[];
  /** In the order of their moments. */
  readonly marks: readonly TimelineMark[];
  /** Everything that was seen, in the servers' own words. */
  readonly events: readonly TimelineEvent[];
}

/** One shard that failed over. */
export interface ReportShard {
  readonly shard: number;
  readonly failed: string;
  /** The primary at the end: `failed` itself if the shard failed over and back again. */
  readonly promoted: string;
  /** Every promotion, in order. */
  readonly promotions: readonly ShardPromotion[];
  readonly slots: readonly SlotRange[];
  readonly epochBefore: number;
  readonly epochAfter: number;
  readonly manual: boolean;
  readonly phases: FailoverPhases;
  /** What the old primary acknowledged after the promotion. Such writes are lost when it follows the new primary. */
  readonly acknowledgedByOldPrimary: DeposedWrites;
  /** From the fault to the promotion, by the server's own rules. */
  readonly expected: { readonly minMs: number; readonly maxMs: number } | undefined;
  /**
   * How long no write to it was acknowledged that lasts, in milliseconds: by the observation's own writes and, if there is
   * a ledger, by the time that its clients were without. What a deposed primary acknowledged does not end it.
   */
  readonly unavailableMs: number | undefined;
}

/** Findings of one sort: all of them counted, the first twenty named. */
export interface Findings<T> {
  readonly count: number;
  readonly examples: readonly T[];
}

/** A write that was applied too often. */
export interface DuplicatedFinding {
  readonly key: string;
  readonly kind: WriteKind;
  readonly value: string;
  readonly shard: number;
  readonly surplus: number;
}

/** What the ledger says of the writes. */
export interface LedgerVerdict {
  readonly attempts: number;
  readonly acknowledged: number;
  readonly failed: number;
  readonly unknown: number;
  readonly lost: Findings<LostWrite>;
  readonly stale: Findings<StaleValue>;
  readonly duplicated: Findings<DuplicatedFinding>;
  /** Refused for certain, or never sent, and there all the same. */
  readonly refusedPresent: number;
  readonly errors: Ledger["errors"];
  readonly shards: readonly ShardLedger[];
}

/** A report as plain data: what `JSON.stringify(report)` writes. Its fields keep their meaning within a version. */
export interface ReportData {
  readonly version: 1;
  readonly title: string;
  /** When the fault began, in milliseconds since the epoch. */
  readonly since: number;
  /** What happened, in a few sentences. */
  readonly summary: readonly string[];
  /** The shards that failed over, in the order of their promotions. */
  readonly shards: readonly ReportShard[];
  readonly timeline: Timeline;
  /** Undefined where no workload ran. */
  readonly verdict: LedgerVerdict | undefined;
}
