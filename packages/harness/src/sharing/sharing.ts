import type { Baseline } from "../reset/baseline.ts";
import type { SharedCluster } from "./shared-cluster.ts";

/** What all handles of one cluster have in common, whichever process they are in. */
export interface Sharing {
  /** What the cluster was after its last reset, whoever did it. */
  baseline(signal: AbortSignal): Promise<Baseline>;
  keepBaseline(baseline: Baseline, signal: AbortSignal): Promise<void>;
  /** Waits for exclusive use, and gives what ends it. */
  lease(signal: AbortSignal): Promise<() => void>;
  share(containerIds: readonly string[]): Promise<SharedCluster>;
}
