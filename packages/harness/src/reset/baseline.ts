import type { Fingerprint } from "./fingerprint.ts";

/** How a cluster was before anybody had used it. */
export interface Baseline {
  /** By node index. */
  readonly fingerprints: readonly Fingerprint[];
}
