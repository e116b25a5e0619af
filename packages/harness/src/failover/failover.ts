import type { Readable } from "node:stream";
import type { NodeConnection } from "../clients/node-connection.ts";
import type { ProbeWriter } from "../clients/probe-writer.ts";
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
  /** Writes straight to nodes, so that it is certain which node acknowledged. */
  readonly probe: Pick<ProbeWriter, "ready" | "write">;
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
   * `unable`, `manual`, `state`, `demoted`. Of its view: `silent`, `answers`, `flag`, `replica`, `promoted`, `serving`, `agreed`,
   * `back`. Of the writes of the observation: `last-write`, `recovered`, `late-write`. Of the action:
   * `fault`, `acted`.
   */
  readonly kind: string;
  /** The server's own words, or a sentence. Node ids are replaced by names. */
  readonly text: string;
}

/**
 * The steps of one shard's failover, all in milliseconds since the fault, undefined where not seen. If the shard failed
 * over several times, they are those of the last promotion and of the primary that it replaced. From the node's
 * own log and its own clock: failed to elected, and suspected where the server logs it (Valkey 8.1 and newer). From
 * asking every node about every 20 ms: the others.
 */
export interface FailoverPhases {
  /** A node flagged the old primary `fail?` after the fault, and still did so when another one was promoted. */
  readonly suspectedMs: number | undefined;
  /** The node that did so first. */
  readonly suspectedBy: string | undefined;
  /** A majority of the primaries agreed that it is dead, and did not take that back before the promotion. */
  readonly failedMs: number | undefined;
  /** The node that counted them. */
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
  /**
   * It was seen to execute commands: it claims the slots, and its cluster_state is ok. A young process is promoted before
   * that: see {@link ExpectedFailover.serving}.
   */
  readonly servingMs: number | undefined;
  /** Every node that can be reached and is not cut off says the same of the shard. */
  readonly agreedMs: number | undefined;
  /**
   * The promoted node acknowledged a write for the first time. Writes go straight to the nodes, so the time in which an
   * application's client finds the new primary is not in it. Acknowledgements of the old primary never count.
   */
  readonly recoveredMs: number | undefined;
  /** The old primary was back, as a replica of the new one, and in sync. */
  readonly rejoinedMs: number | undefined;
}

/** A promotion of a node of a shard. */
export interface ShardPromotion {
  readonly name: string;
  /** Its config epoch; undefined for a takeover that no view showed. */
  readonly epoch: number | undefined;
  /** When it was promoted, in milliseconds since the fault: by its own log, or else when a view showed it. */
  readonly atMs: number;
}

/** Writes that a primary acknowledged although another node had been promoted in its place. */
export interface DeposedWrites {
  /**
   * How many of the observation's own writes; about one every 10 ms is sent. Only those count that were executed later
   * than the promotion for certain, and acknowledged before the observation ended.
   */
  readonly count: number;
  /** When the last of them was executed, in milliseconds since the fault; undefined if there is none. */
  readonly lastMs: number | undefined;
}

/** One shard that failed over. */
export interface ShardFailover {
  /** The primary before the fault. */
  readonly failed: { readonly name: string };
  /**
   * The primary at the end; `id` is its node id. It is `failed` itself if the shard failed over and back again: then
   * `promotions` has both.
   */
  readonly promoted: { readonly name: string; readonly id: string };
  /** Every promotion, in order; the last one is that of `promoted`, and the phases are its phases. */
  readonly promotions: readonly ShardPromotion[];
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
   * When the primary that was replaced acknowledged a write for the last time before the promotion, in milliseconds since
   * the fault; below zero for one before it. From then to `phases.recoveredMs` no node acknowledged a write that lasts.
   * Undefined if none was seen.
   */
  readonly lastWriteMs: number | undefined;
  /**
   * What the old primary acknowledged after the promotion, as a primary that is cut off or was frozen may: the split brain.
   * Such writes are lost when it follows the new primary.
   */
  readonly acknowledgedByOldPrimary: DeposedWrites;
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
  /**
   * By how many milliseconds the clocks of two nodes may seem to differ although they are the same: times of two nodes
   * that are closer than that have no order. It is twice the inaccuracy with which a node's clock could be read, which is
   * half of the time that a question to it took.
   */
  readonly clockErrorMs: number;
  /** All nodes of the cluster, in the plan's order. */
  readonly nodes: readonly NodeBefore[];
  /** The other shards that failed over at the same time, in the order of their promotions. */
  readonly others: readonly ShardFailover[];
  /** Everything that was seen, in order. */
  readonly events: readonly TimelineEvent[];
}
