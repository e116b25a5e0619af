import type { SeedData } from "../seed/dataset.ts";
import type { Fingerprint } from "./fingerprint.ts";

/** The state of a cluster after its start or its last reset. A reset restores it. */
export interface Baseline {
  /** The fingerprints by node index. */
  readonly fingerprints: readonly Fingerprint[];
  /** The data that the cluster started with; undefined if it started empty. */
  readonly seed?: SeedData | undefined;
}
