import type { DeposedWrites, FailoverPhases, ShardPromotion, TimelineEvent } from "../failover/failover.ts";
import type { SlotRange } from "../plan/cluster-plan.ts";
import type { Ledger, LostWrite, ShardLedger, StaleValue, WriteKind } from "../workload/ledger.ts";

/**
 * The state of a lane during a bar. `writable` and `unavailable` are states of the client, all others are states of a node.
 * `unknown`: the role of the node is not known. `silent`: the node does not answer this library. `election-delay`: the replica
 * waits before it requests votes. `election`: it requests votes.
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

/** The kind of a mark. The last three are findings of the ledger. */
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

/** A state from one time to another, in milliseconds since the fault. */
export interface TimelineBar {
  readonly state: LaneState;
  readonly fromMs: number;
  readonly toMs: number;
}

/** The states of a node, or of the client's writes to one shard. The bars follow each other without a gap. */
export interface TimelineLane {
  readonly kind: "node" | "client";
  /** `node-3`, or `client`. */
  readonly name: string;
  /** The shard of a client's lane, or the shard to which a node belonged before the fault. */
  readonly shard: number | undefined;
  readonly bars: readonly TimelineBar[];
}

/** An event or, if `count` is greater than 1, several events of the same kind that are close together. */
export interface TimelineMark {
  readonly kind: MarkKind;
  /** The index of the mark's lane. */
  readonly lane: number;
  /** Milliseconds since the fault. The time may be outside of the range of the timeline. */
  readonly atMs: number;
  readonly count: number;
  /** What happened, as text for a reader. */
  readonly text: string;
}

/** What happened to every node and to the client, in milliseconds since the fault. */
export interface Timeline {
  readonly fromMs: number;
  readonly toMs: number;
  /** The nodes in the order of the plan, then one lane for each shard with failed or lost writes. */
  readonly lanes: readonly TimelineLane[];
  /** In chronological order. */
  readonly marks: readonly TimelineMark[];
  /** All observed events, in chronological order. */
  readonly events: readonly TimelineEvent[];
}

/** One shard that failed over. */
export interface ReportShard {
  readonly shard: number;
  /** The primary before the fault. */
  readonly failed: string;
  /** The primary at the end. It is `failed` itself if the shard failed over and back again. */
  readonly promoted: string;
  /** All promotions, in chronological order. */
  readonly promotions: readonly ShardPromotion[];
  readonly slots: readonly SlotRange[];
  readonly epochBefore: number;
  readonly epochAfter: number;
  readonly manual: boolean;
  readonly phases: FailoverPhases;
  /**
   * The writes that the old primary acknowledged after the promotion. They are lost when it becomes a replica of the new primary.
   */
  readonly acknowledgedByOldPrimary: DeposedWrites;
  /**
   * The expected time from the fault to the promotion, by the rules of the server. Undefined for a manual failover, and if the
   * shard failed over several times.
   */
  readonly expected: { readonly minMs: number; readonly maxMs: number } | undefined;
  /**
   * How long no lasting write to the shard was acknowledged, in milliseconds: by the writes of the observation and, if there is a
   * ledger, by the writes of its clients. A write that a replaced primary acknowledged does not end this time. Undefined if no
   * later write was acknowledged.
   */
  readonly unavailableMs: number | undefined;
}

/** Findings of one kind: the number of all findings, and the first twenty. */
export interface Findings<T> {
  readonly count: number;
  readonly examples: readonly T[];
}

/** A write that was applied more often than it was sent. */
export interface DuplicatedFinding {
  readonly key: string;
  readonly kind: WriteKind;
  readonly value: string;
  readonly shard: number;
  /** How many times too often the write was applied. */
  readonly surplus: number;
}

/** The results of a ledger. */
export interface LedgerVerdict {
  readonly attempts: number;
  readonly acknowledged: number;
  readonly failed: number;
  readonly unknown: number;
  readonly lost: Findings<LostWrite>;
  readonly stale: Findings<StaleValue>;
  readonly duplicated: Findings<DuplicatedFinding>;
  /** The number of writes that are present although they were certainly rejected or never sent. */
  readonly refusedPresent: number;
  readonly errors: Ledger["errors"];
  readonly shards: readonly ShardLedger[];
}

/** A report as plain data, as `JSON.stringify(report)` writes it. The fields keep their meaning within a version. */
export interface ReportData {
  readonly version: 1;
  readonly title: string;
  /** When the fault started, in milliseconds since 1970. */
  readonly since: number;
  /** What happened, in a few sentences. */
  readonly summary: readonly string[];
  /** The shards that failed over, in the order of their promotions. */
  readonly shards: readonly ReportShard[];
  readonly timeline: Timeline;
  /** Undefined if no workload ran. */
  readonly verdict: LedgerVerdict | undefined;
}
