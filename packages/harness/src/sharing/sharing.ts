import type { Baseline } from "../reset/baseline.ts";
import type { SharedCluster } from "./shared-cluster.ts";

/** Nodes, by the id of the fault that was done to their networks. */
export type NetworkFaults = ReadonlyMap<string, readonly string[]>;

/** What all handles of one cluster have in common, whichever process they are in. */
export interface Sharing {
  /** Whether the cluster goes on when this handle is stopped. */
  readonly outlivesHandle: boolean;
  /** What the cluster was after its last reset, whoever did it. */
  baseline(signal: AbortSignal): Promise<Baseline>;
  keepBaseline(baseline: Baseline, signal: AbortSignal): Promise<void>;
  /**
   * The faults in nodes' networks that no handle has taken back. Only who applied one knows how to; and of a share of
   * lost packets or a delay, neither the nodes nor the engine tell.
   */
  networkFaults(signal: AbortSignal): Promise<NetworkFaults>;
  /** Notes one before it is in force, so that it is known of when its handle's process dies. */
  noteNetworkFault(id: string, nodes: readonly string[], signal: AbortSignal): Promise<void>;
  /** Those have been taken back, or their nodes started anew. */
  forgetNetworkFaults(ids: readonly string[], signal: AbortSignal): Promise<void>;
  /** Waits for exclusive use, and gives what ends it. */
  lease(signal: AbortSignal): Promise<() => void>;
  share(containerIds: readonly string[]): Promise<SharedCluster>;
}
