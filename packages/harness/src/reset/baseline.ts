import type { SeedData } from "../seed/dataset.ts";
import type { Fingerprint } from "./fingerprint.ts";

/** How a cluster was before anybody had used it. */
export interface Baseline {
  /** By node index. */
  readonly fingerprints: readonly Fingerprint[];
  /** The data that it started with; undefined if it started empty. */
  readonly seed?: SeedData | undefined;
}
