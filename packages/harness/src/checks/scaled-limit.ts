/** The limit of an assertion, multiplied by the time scale of the cluster. */
export interface ScaledLimit {
  readonly ms: number;
  /** The limit with its unit. If there is a time scale, it also contains the original limit. */
  readonly text: string;
}

/**
 * Multiplies a limit by the time scale, because the node timeout of the cluster is also multiplied by it.
 *
 * @param limitMs the limit that the assertion received, in milliseconds.
 * @param timeScale the time scale of the failover or ledger. Data that an older version wrote have none. @default 1
 */
export function scaleLimit(limitMs: number, timeScale: number | undefined = 1): ScaledLimit {
  const ms = Math.round(limitMs * timeScale);
  return { ms, text: timeScale === 1 ? `${ms} ms` : `${ms} ms (${limitMs} ms at time scale ${timeScale})` };
}
