/** What a time scale stretches of a cluster's options. */
interface Stretchable {
  readonly timeScale: number;
  readonly nodeTimeoutMs: number;
  readonly startupTimeoutMs: number;
}

/** The same options on a machine that is so many times slower than they were made for. */
export function stretch<T extends Stretchable>(options: T, timeScale: number): T {
  return {
    ...options,
    timeScale,
    nodeTimeoutMs: Math.round(options.nodeTimeoutMs * timeScale),
    startupTimeoutMs: Math.round(options.startupTimeoutMs * timeScale),
  };
}
