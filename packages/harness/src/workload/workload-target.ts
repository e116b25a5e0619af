import type { Cluster } from "ioredis";
import type { SlotRange } from "../plan/cluster-plan.ts";
import type { Ledger } from "./ledger.ts";

/** What a workload needs of a cluster. */
export interface WorkloadTarget {
  /** By how much every limit is longer than elsewhere. */
  readonly timeScale: number;
  /** The slots of the planned shards, in their order. */
  readonly shardSlots: readonly SlotRange[];
  /** A connected client of its own that sends everything, reads too, to primaries; the workload disconnects it. */
  connect(signal?: AbortSignal): Promise<Cluster>;
  /** Whether its clients ask who serves what as soon as a node does not answer. */
  readonly clientsLookAround: boolean;
  /** Resolves when everything can be read back; when the signal aborts, rejects with what kept it from that. */
  whenWhole(signal: AbortSignal): Promise<void>;
  /** @throws RedisClusterError FAILOVER_IMPOSSIBLE if a primary failed and the cluster has too few to replace it. */
  refuseHopeless?(): Promise<void>;
  /** Is told the ledger, once there is one. */
  judged?(ledger: Ledger): void;
}
