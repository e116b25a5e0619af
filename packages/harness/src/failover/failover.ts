import type { NodeRole, SlotRange } from "../plan/cluster-plan.ts";
import type { ExpectedFailover } from "./expected-failover.ts";

export type { ObserveFailoverOptions } from "./options.generated.ts";

/** An event of a failover, and the node to which it belongs. */
export interface TimelineEvent {
  /** Milliseconds since the fault. Events before the fault have negative values. */
  readonly atMs: number;
  /** The name of the node, such as `node-0`, or `action` for the action of the caller. */
  readonly node: string;
  /**
   * The kind of the event.
   *
   * - From the log of the node: `suspected`, `failed`, `reachable-again`, `election-scheduled`, `election-moved`,
   *   `election-at-once`, `election-started`, `vote-granted`, `vote-denied`, `votes-counted`, `elected`, `epoch-claimed`,
   *   `unable`, `manual`, `state`, `demoted`.
   * - From the view of the node: `silent`, `answers`, `flag`, `replica`, `promoted`, `serving`, `agreed`, `back`.
   * - From the writes of the observation: `last-write`, `recovered`, `late-write`.
   * - From the action: `fault`, `acted`.
   */
  readonly kind: string;
  /** The log line of the server, or a sentence. Node ids are replaced by node names. */
  readonly text: string;
}

/**
 * The steps of the failover of one shard. All times are in milliseconds since the fault, and undefined if the step was not
 * observed. If the shard failed over several times, the steps are those of the last promotion and of the primary that it
 * replaced.
 *
 * The steps from `failedMs` to `electedMs` come from the nodes' own logs, with timestamps of the nodes' own clocks. So does
 * `suspectedMs` if the server logs it (Valkey 8.1 and newer). The other steps come from the nodes' views, which are read about
 * every 20 ms, and `recoveredMs` from the writes of the observation.
 */
export interface FailoverPhases {
  /** When a node flagged the old primary `fail?` after the fault. The flag must have lasted until the promotion. */
  readonly suspectedMs: number | undefined;
  /** The first node that suspected the old primary. */
  readonly suspectedBy: string | undefined;
  /** When a majority of the primaries had declared the old primary failed. The state must have lasted until the promotion. */
  readonly failedMs: number | undefined;
  /** The node that counted this majority. */
  readonly failedBy: string | undefined;
  /** When the promoted node scheduled its election. */
  readonly electionScheduledMs: number | undefined;
  /** The delay that the promoted node logged for its election: a duration, with later corrections included. */
  readonly announcedDelayMs: number | undefined;
  /** When the promoted node requested votes. */
  readonly electionStartedMs: number | undefined;
  /** When the last vote that was needed was granted. If fewer votes were observed, when the last observed vote was granted. */
  readonly votesMs: number | undefined;
  /** When the promoted node logged that it was a primary. */
  readonly electedMs: number | undefined;
  /**
   * When the view of the promoted node showed that it executes commands: it claims the slots, and its cluster_state is ok. A node
   * whose process is young is promoted earlier than that: see {@link ExpectedFailover.serving}.
   */
  readonly servingMs: number | undefined;
  /**
   * When all nodes that were reachable, and not cut off from the cluster, reported the promoted node as the owner of the shard.
   */
  readonly agreedMs: number | undefined;
  /**
   * When the promoted node acknowledged a write for the first time. The writes of the observation go directly to the nodes, so
   * this does not include the time in which the client of an application finds the new primary. Acknowledgements of the old
   * primary never count.
   */
  readonly recoveredMs: number | undefined;
  /** When the old primary had rejoined as a replica of the promoted node and was in sync. */
  readonly rejoinedMs: number | undefined;
}

/** A promotion of a node to the primary of a shard. */
export interface ShardPromotion {
  /** The name of the node. */
  readonly name: string;
  /** The config epoch of the promoted node. Undefined for a takeover that no view showed. */
  readonly epoch: number | undefined;
  /**
   * When the node was promoted, in milliseconds since the fault: by its own log, or otherwise when a view showed the promotion.
   */
  readonly atMs: number;
}

/** Writes that a primary acknowledged after another node had been promoted in its place. */
export interface DeposedWrites {
  /**
   * The number of such writes. Only writes of the observation are counted, which sends about one every 10 ms, and only those that
   * were certainly executed after the promotion and were acknowledged before the observation ended.
   */
  readonly count: number;
  /** When the last of these writes was executed, in milliseconds since the fault. Undefined if `count` is 0. */
  readonly lastMs: number | undefined;
}

/** The failover of one shard. */
export interface ShardFailover {
  /** The primary before the fault. */
  readonly failed: { readonly name: string };
  /**
   * The primary at the end; `id` is its node id. If the shard failed over and back again, it is the same node as `failed`, and
   * `promotions` contains both promotions.
   */
  readonly promoted: { readonly name: string; readonly id: string };
  /** All promotions, in order. The last one is the promotion of `promoted`, and `phases` are the phases of that promotion. */
  readonly promotions: readonly ShardPromotion[];
  /** The index of the shard to which the plan assigned the old primary. */
  readonly shard: number;
  /** The slots that the old primary owned. */
  readonly slots: readonly SlotRange[];
  /** The config epoch of the old primary before the fault. */
  readonly epochBefore: number;
  /** The config epoch of the promoted node. */
  readonly epochAfter: number;
  /** True for `CLUSTER FAILOVER`, which does not need a primary that was declared failed. */
  readonly manual: boolean;
  /**
   * When the replaced primary acknowledged its last write before the promotion, in milliseconds since the fault; negative if that
   * was before the fault. Between this time and `phases.recoveredMs` no node acknowledged a write that the cluster keeps.
   * Undefined if no such write was observed.
   */
  readonly lastWriteMs: number | undefined;
  /**
   * The writes that the old primary acknowledged after the promotion. This is a split brain: it can happen if the old primary is
   * cut off or was paused. These writes are lost when the old primary follows the new one.
   */
  readonly acknowledgedByOldPrimary: DeposedWrites;
  /** The steps of the failover. */
  readonly phases: FailoverPhases;
  /** How long such a failover takes from the fault to the promotion, by the rules of the server. */
  readonly expected: ExpectedFailover;
}

/** A node as it was before the fault. */
export interface NodeBefore {
  /** The name of the node. */
  readonly name: string;
  /** The role of the node. Undefined if the role is unknown: the node did not answer, and no shard listed it as a replica. */
  readonly roleBefore: NodeRole | undefined;
  /** The index of the shard whose slots the node owned, or whose primary it followed. Undefined if there was no such shard. */
  readonly shard: number | undefined;
}

/** A failover that was observed from before the fault until the cluster had recovered. */
export interface Failover extends ShardFailover {
  /**
   * When the fault began, in milliseconds since the epoch, as `Date.now()` returns them. It is the `since` of the action's
   * result, which every fault of this library has. If the result has no `since`, it is when the first fault of this library began
   * during the action, or otherwise when the action was called.
   */
  readonly since: number;
  /**
   * The option `timeScale` of the cluster. Assertions multiply the times that they are given by it. The times in this object are
   * measured times and are not scaled.
   */
  readonly timeScale: number;
  /**
   * Maximum difference, in milliseconds, that the measurement can show between the clocks of two nodes although the clocks are
   * equal. The order of two events on different nodes is unknown if their times differ by less. It is twice the error with which
   * the clock of a node could be read, which is half of the round-trip time of that request.
   */
  readonly clockErrorMs: number;
  /** All nodes of the cluster, in the order of the plan. */
  readonly nodes: readonly NodeBefore[];
  /** The other shards that failed over at the same time, in the order of their promotions. */
  readonly others: readonly ShardFailover[];
  /** All events that were observed, in the order of their times. */
  readonly events: readonly TimelineEvent[];
}
