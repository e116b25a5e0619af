import type { Cluster, Redis } from "ioredis";
import type { SlotRange } from "../plan/cluster-plan.ts";
import type { Ledger } from "./ledger.ts";

/** Returns the index of the node that serves a slot; undefined if no node that answers serves it. */
type SlotOwners = (slot: number) => number | undefined;

/** Everything that a workload requires of a cluster. */
export interface WorkloadTarget {
  /** The factor by which every timeout is multiplied. */
  readonly timeScale: number;
  /** The names of all nodes, in the order of the plan. */
  readonly nodeNames: readonly string[];
  /** Returns the index of a node. @throws RedisClusterError UNKNOWN_NODE if the node does not belong to the cluster. */
  indexOf(node: string | { readonly name: string }): number;
  /** The slots of the planned shards, in the order of the plan. */
  readonly shardSlots: readonly SlotRange[];
  /** Connects a new client that sends all commands to primaries, including reads. The workload disconnects it. */
  connect(): Promise<Cluster>;
  /** Connects a client that reads the values back. It does not give up, and the workload disconnects it. */
  connectReader(signal: AbortSignal): Promise<Cluster>;
  /** The `keyPrefix` of the client options, which precedes every key. */
  readonly clientKeyPrefix: string;
  /** Whether the clients refresh their slots when a node does not answer. */
  readonly canRefreshSlots: boolean;
  /** Returns the index of the node at the other end of a connection; undefined if it is unknown. */
  identify(connection: Redis): Promise<number | undefined>;
  /** Reads once which node serves which slot. If several nodes claim a slot, the newest config epoch counts. */
  readSlotOwners(): Promise<SlotOwners>;
  /**
   * Waits until every slot can be read.
   *
   * @returns a text with the slots and the config epoch of each node. Equal texts mean that no slot has moved in between.
   * @throws Error with the obstacle, when the signal aborts.
   */
  waitUntilReadable(signal: AbortSignal): Promise<string>;
  /** Returns the same text at once. Nodes that do not answer promptly are missing in it. */
  readOwnership(): Promise<string>;
  /**
   * Verifies that every failed primary can be replaced.
   *
   * @throws RedisClusterError FAILOVER_IMPOSSIBLE if a primary failed and the cluster has too few primaries to replace it.
   */
  requireFailoverPossible?(): Promise<void>;
  /** Receives the ledger when it is complete. */
  onLedger?(ledger: Ledger): void;
  /** Is called when the workload has ended and no longer uses the cluster. */
  onReleased?(): void;
}
