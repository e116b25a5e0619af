import type { Fingerprint } from "./fingerprint.ts";

/** How a cluster was when nobody had used it yet. */
export interface Baseline {
  readonly fingerprints: readonly Fingerprint[];
  /** When that was, in milliseconds since the epoch. */
  readonly at: number;
}
