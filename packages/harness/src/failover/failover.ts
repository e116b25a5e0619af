import type { Readable } from "node:stream";
import type { NodeConnection } from "../clients/node-connection.ts";
import type { ClusterPlan, NodeRole, SlotRange } from "../plan/cluster-plan.ts";
import type { ExpectedFailover } from "./expected.ts";

/** The cluster as this room needs it; whoever has the cluster hands it in. */
export interface FailoverSubject {
  readonly plan: ClusterPlan;
  readonly connections: readonly NodeConnection[];
  /** Aborts with the reason when the cluster is stopped, which ends an observation. */
  readonly stopped: AbortSignal;
  /** A node's output since a moment, in seconds of its engine's clock, and from then on live. Whoever asks destroys it. */
  logStream(node: string, sinceEpochSeconds: number): Promise<Readable>;
  /**
   * One write that is sent after the call and acknowledged by whoever serves the slot, through a real cluster client.
   * Rejects when it was refused, or when the signal aborts.
   */
  probeWrite(slot: number, signal: AbortSignal): Promise<void>;
  /** @throws RedisClusterError FAILOVER_IMPOSSIBLE if a primary failed and the cluster has too few to replace it. */
  refuseHopeless(): Promise<void>;
  /** When the first fault began that the cluster entered at or after a moment, as `Date.now()` tells both. */
  firstFaultSince(ms: number): number | undefined;
}

/** How long a failover is waited for, and what has to be over before it counts. */
export interface ObserveFailoverOptions {
  /**
   * Milliseconds since the fault within which the cluster has to be whole again. Default 10 000 plus eight node
   * timeouts, which is about twice what a failover takes by the servers' rules. On a cluster with a time scale so many
   * times it.
   */
  readonly withinMs?: number | undefined;
  /** Ends the observation; what the action has begun goes on. */
  readonly signal?: AbortSignal | undefined;
  /** Wait until the old primary is back too, as a replica and in sync. Default false. */
  readonly waitForOldPrimary?: boolean | undefined;
}

/** What was seen, and where. */
export interface TimelineEvent {
  /** Milliseconds since the fault; below zero for what came before it. */
  readonly atMs: number;
  /** The node that it is of: `node-0`, …; `action` for what the caller did. */
  readonly node: string;
  /**
   * Of a line in the node's own log: `suspected`, `failed`, `reachable-again`, `election-scheduled`, `election-moved`,
   * `election-at-once`, `election-started`, `vote-granted`, `vote-denied`, `votes-counted`, `elected`, `epoch-claimed`,
   * `unable`, `manual`, `state`, `demoted`. Of its view: `silent`, `answers`, `flag`, `promoted`, `serving`, `agreed`,
   * `back`. Of the action: `fault`, `acted`.
   */
  readonly kind: string;
  /** The server's own words, or a sentence. Node ids are replaced by names. */
  readonly text: string;
}

/**
 * The steps of one shard's failover, all in milliseconds since the fault, undefined where not seen. From the node's
 * own log and its own clock: failed to elected, and suspected where the server logs it (Valkey 8.1 and newer). From
 * asking every node about every 20 ms: the others.
 */
export interface FailoverPhases {
  /** Somebody flagged the old primary `fail?`. */
  readonly suspectedMs: number | undefined;
  /** Who did so first. */
  readonly suspectedBy: string | undefined;
  /** A majority of the primaries agreed that it is dead. */
  readonly failedMs: number | undefined;
  /** Who counted them. */
  readonly failedBy: string | undefined;
  /** The promoted node planned its election. */
  readonly electionScheduledMs: number | undefined;
  /** How long it said that it would wait: a duration, later corrections included. */
  readonly announcedDelayMs: number | undefined;
  /** It asked for votes. */
  readonly electionStartedMs: number | undefined;
  /** The last vote that it needed was given, or the last that was seen where fewer were. */
  readonly votesMs: number | undefined;
  /** It was primary, in its own words. */
  readonly electedMs: number | undefined;
  /** It was seen to claim the slots, with the cluster's state ok in its eyes. */
  readonly servingMs: number | undefined;
  /** Every node that can be reached and is not cut off says the same of the shard. */
  readonly agreedMs: number | undefined;
  /** A client's write to the shard was acknowledged for the first time after the promotion. */
  readonly recoveredMs: number | undefined;
  /** The old primary was back, as a replica of the new one, and in sync. */
  readonly rejoinedMs: number | undefined;
}

/** One shard that got another primary. */
export interface ShardFailover {
  /** Who was the primary before the fault. */
  readonly failed: { readonly name: string };
  /** Who is the primary now; `id` is its node id. */
  readonly promoted: { readonly name: string; readonly id: string };
  /** Index of the shard that the old primary was planned into. */
  readonly shard: number;
  /** Those that the old primary served. */
  readonly slots: readonly SlotRange[];
  /** Config epoch of the old primary before the fault. */
  readonly epochBefore: number;
  /** Config epoch of the promoted one. */
  readonly epochAfter: number;
  /** True for `CLUSTER FAILOVER`: nobody had to be declared dead. */
  readonly manual: boolean;
  /**
   * When the old primary's last acknowledged write was answered, in milliseconds since the fault; below zero for one
   * before it. A primary that is cut off may go on acknowledging. Undefined where none was seen.
   */
  readonly lastWriteMs: number | undefined;
  readonly phases: FailoverPhases;
  /** How long a failover like this takes from the fault to the promotion, by the server's own rules. */
  readonly expected: ExpectedFailover;
}

/** A node as it was before the fault. */
export interface NodeBefore {
  readonly name: string;
  /** Undefined where nobody could tell: it did not answer, and no shard counted on it. */
  readonly roleBefore: NodeRole | undefined;
  /** Index of the shard that it served or followed; undefined where none. */
  readonly shard: number | undefined;
}

/** A failover that was observed from before the fault until the cluster was whole again. */
export interface Failover extends ShardFailover {
  /**
   * When the fault began, in milliseconds since the epoch, as `Date.now()` tells: what the action's result says in
   * `since`, as every fault of this library does; else when the first fault of this library began that the action
   * applied; else the moment at which the action was called.
   */
  readonly since: number;
  /**
   * The cluster's, as the option `timeScale` set it. Assertions about times allow so many times the milliseconds that they
   * are given; the times here are those of the clock.
   */
  readonly timeScale: number;
  /** All nodes of the cluster, in the plan's order. */
  readonly nodes: readonly NodeBefore[];
  /** The other shards that failed over at the same time, in the order of their promotions. */
  readonly others: readonly ShardFailover[];
  /** Everything that was seen, in order. */
  readonly events: readonly TimelineEvent[];
}
