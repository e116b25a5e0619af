import type { Cluster, Redis } from "ioredis";
import type { SlotRange } from "../plan/cluster-plan.ts";
import type { Ledger } from "./ledger.ts";

/** Returns the index of the node that serves a slot; undefined when no node that answers does. */
type SlotOwner = (slot: number) => number | undefined;

/** What a workload needs of a cluster. */
export interface WorkloadTarget {
  /** By how much every limit is longer than elsewhere. */
  readonly timeScale: number;
  /** The names of all nodes, in their order. */
  readonly nodeNames: readonly string[];
  /** The index of a node or of the node of a name. @throws RedisClusterError UNKNOWN_NODE */
  indexOf(node: string | { readonly name: string }): number;
  /** The slots of the planned shards, in their order. */
  readonly shardSlots: readonly SlotRange[];
  /** A connected client of its own that sends everything, reads too, to primaries; the workload disconnects it. */
  connect(): Promise<Cluster>;
  /** The same for reading back, with a client that does not give up. */
  connectReader(signal: AbortSignal): Promise<Cluster>;
  /** What the user's client options put in front of every key. */
  readonly clientKeyPrefix: string;
  /** Whether its clients refresh their slots as soon as a node does not answer. */
  readonly clientsLookAround: boolean;
  /** Returns the index of the node at the other end of a connection; undefined when it is unknown. */
  identify(connection: Redis): Promise<number | undefined>;
  /** Looks once at which node serves which slot; of several that claim a slot, the one with the newest config epoch. */
  servingNodeBySlot(): Promise<SlotOwner>;
  /**
   * Resolves when everything can be read back; when the signal aborts, rejects with what kept it from that.
   *
   * @returns which node serves what at which config epoch: the same text as before only if nothing has changed since.
   */
  whenWhole(signal: AbortSignal): Promise<string>;
  /** Looks once at the same, without waiting for nodes that do not answer promptly. */
  ownership(): Promise<string>;
  /** @throws RedisClusterError FAILOVER_IMPOSSIBLE if a primary failed and the cluster has too few to replace it. */
  refuseHopeless?(): Promise<void>;
  /** Receives the ledger, once there is one. */
  judged?(ledger: Ledger): void;
  /** Is called when the workload has ended and nothing can be asked of the cluster any more on its behalf. */
  released?(): void;
}
