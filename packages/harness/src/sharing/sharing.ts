import type { SharedState } from "../reset/shared-state.ts";
import type { SharedCluster } from "./shared-cluster.ts";

/** What all handles of one cluster share, whichever process they are in. */
export interface Sharing extends SharedState {
  /** Whether the cluster continues when this handle is stopped. */
  readonly clusterOutlivesHandle: boolean;
  /** Records a network fault before it is active, so that it is known if the process of its handle dies. */
  recordNetworkFault(id: string, nodes: readonly string[], signal: AbortSignal): Promise<void>;
  /** Waits for exclusive use. Returns a function that ends it. */
  lease(signal: AbortSignal): Promise<() => void>;
  /**
   * Returns what another process needs to use the cluster.
   *
   * @param containerIds the ids of the nodes' containers, in the order of the plan.
   */
  share(containerIds: readonly string[]): Promise<SharedCluster>;
}
