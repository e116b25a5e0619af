import type { Readable } from "node:stream";
import type { NodeConnection } from "../clients/node-connection.ts";
import type { ProbeWriter } from "../clients/probe-writer.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";

/** The parts of a cluster that an observation of a failover needs. The owner of the cluster provides them. */
export interface ObservedCluster {
  readonly plan: ClusterPlan;
  readonly connections: readonly NodeConnection[];
  /** Aborts with the reason when the cluster is stopped or reset, which ends the observation. */
  readonly endSignal: AbortSignal;
  /**
   * Opens the log of a node: its lines since a time, and then new lines as the node writes them. The caller must destroy the
   * stream.
   *
   * @param sinceEpochSeconds seconds since the epoch, by the clock of the engine that runs the node.
   */
  logStream(node: string, sinceEpochSeconds: number): Promise<Readable>;
  /** Writes directly to single nodes, so that it is certain which node acknowledged a write. */
  readonly probe: Pick<ProbeWriter, "ready" | "write">;
  /** @throws RedisClusterError FAILOVER_IMPOSSIBLE if a primary failed and the cluster has too few primaries to replace it. */
  requireFailoverPossible(): Promise<void>;
  /** Returns when the first fault began at or after `ms`. Both are milliseconds since the epoch, as `Date.now()` returns them. */
  firstFaultSince(ms: number): number | undefined;
}
