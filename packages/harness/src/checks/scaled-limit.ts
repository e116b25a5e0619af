/** A limit that an assertion was given, as it is on a cluster with a time scale. */
export interface ScaledLimit {
  readonly ms: number;
  /** With its unit, and where it comes from if it is another than was given. */
  readonly text: string;
}

/**
 * A cluster with a time scale has so many times longer node timeouts, so what an assertion allows is so much longer, too.
 *
 * @param timeScale of the failover or ledger; 1 where it has none, as one that was written down by an older version.
 */
export function scaleLimit(givenMs: number, timeScale: number | undefined = 1): ScaledLimit {
  const ms = Math.round(givenMs * timeScale);
  return { ms, text: timeScale === 1 ? `${ms} ms` : `${ms} ms (${givenMs} ms at time scale ${timeScale})` };
}
