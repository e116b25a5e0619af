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
  /** The state. */
  readonly state: LaneState;
  /** The beginning, in milliseconds since the fault. */
  readonly fromMs: number;
  /** The end, in milliseconds since the fault. */
  readonly toMs: number;
}

/** The states of a node, or of the client's writes to one shard. The bars follow each other without a gap. */
export interface TimelineLane {
  /** Whose states the lane shows. */
  readonly kind: "node" | "client";
  /** `node-3`, or `client`. */
  readonly name: string;
  /** The shard of a client's lane, or the shard to which a node belonged before the fault. */
  readonly shard: number | undefined;
  /** The states, in chronological order. */
  readonly bars: readonly TimelineBar[];
}

/** An event or, if `count` is greater than 1, several events of the same kind that are close together. */
export interface TimelineMark {
  /** What happened. */
  readonly kind: MarkKind;
  /** The index of the mark's lane. */
  readonly lane: number;
  /** Milliseconds since the fault. The time may be outside of the range of the timeline. */
  readonly atMs: number;
  /** The number of events. */
  readonly count: number;
  /** What happened, as text for a reader. */
  readonly text: string;
}

/** What happened to every node and to the client, in milliseconds since the fault. */
export interface Timeline {
  /** The beginning of the timeline, in milliseconds since the fault. */
  readonly fromMs: number;
  /** The end of the timeline, in milliseconds since the fault. */
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
  /** The index of the planned shard. */
  readonly shard: number;
  /** The primary before the fault. */
  readonly failed: string;
  /** The primary at the end. It is `failed` itself if the shard failed over and back again. */
  readonly promoted: string;
  /** All promotions, in chronological order. */
  readonly promotions: readonly ShardPromotion[];
  /** The slots of the shard. */
  readonly slots: readonly SlotRange[];
  /** The config epoch of the primary before the fault. */
  readonly epochBefore: number;
  /** The config epoch of the primary at the end. */
  readonly epochAfter: number;
  /** Whether the failover was requested with CLUSTER FAILOVER. */
  readonly manual: boolean;
  /** The steps of the failover. */
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
  /** The number of all findings. */
  readonly count: number;
  /** The first twenty findings. */
  readonly examples: readonly T[];
}

/** A write that was applied more often than it was sent. */
export interface DuplicatedFinding {
  /** The key. */
  readonly key: string;
  /** The kind of the write. */
  readonly kind: WriteKind;
  /** The value that was written. */
  readonly value: string;
  /** The index of the planned shard. */
  readonly shard: number;
  /** How many times too often the write was applied. */
  readonly surplus: number;
}

/** The results of a ledger. */
export interface LedgerVerdict {
  /** The number of writes that were sent. */
  readonly attempts: number;
  /** The number of acknowledged writes. */
  readonly acknowledged: number;
  /** The number of writes that the server certainly refused. */
  readonly failed: number;
  /** The number of writes whose outcome is unknown. */
  readonly unknown: number;
  /** Acknowledged writes that are missing. */
  readonly lost: Findings<LostWrite>;
  /** Values that are older than the last acknowledged one. */
  readonly stale: Findings<StaleValue>;
  /** Writes that were applied more often than they were sent. */
  readonly duplicated: Findings<DuplicatedFinding>;
  /** The number of writes that are present although they were certainly rejected or never sent. */
  readonly refusedPresent: number;
  /** The errors of writes, with the number of each. */
  readonly errors: Ledger["errors"];
  /** The availability of each shard. */
  readonly shards: readonly ShardLedger[];
}

/** A report as plain data, as `JSON.stringify(report)` writes it. The fields keep their meaning within a version. */
export interface ReportData {
  /** The version of this format. */
  readonly version: 1;
  /** The title of the report. */
  readonly title: string;
  /** When the fault started, in milliseconds since 1970. */
  readonly since: number;
  /** What happened, in a few sentences. */
  readonly summary: readonly string[];
  /** The shards that failed over, in the order of their promotions. */
  readonly shards: readonly ReportShard[];
  /** What happened to every node and to the client. */
  readonly timeline: Timeline;
  /** Undefined if no workload ran. */
  readonly verdict: LedgerVerdict | undefined;
}
