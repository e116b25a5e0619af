import type { Baseline } from "./baseline.ts";

/** The names of the nodes whose networks a fault has changed, by the id of the fault. */
export type NetworkFaults = ReadonlyMap<string, readonly string[]>;

/** What all handles of a cluster know together about the state to which a reset returns, whichever process they are in. */
export interface SharedState {
  /** Returns the state of the cluster after its start or its last reset through any handle. */
  baseline(signal: AbortSignal): Promise<Baseline>;
  keepBaseline(baseline: Baseline, signal: AbortSignal): Promise<void>;
  /**
   * Returns the network faults that no handle has removed. Only the handle that applied a fault can remove it, and neither the nodes
   * nor the engine show packet loss or a delay.
   */
  networkFaults(signal: AbortSignal): Promise<NetworkFaults>;
  /** Removes the records of faults that have been removed, or whose nodes have been restarted. */
  forgetNetworkFaults(ids: readonly string[], signal: AbortSignal): Promise<void>;
}
