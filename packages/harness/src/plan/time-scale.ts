/** The options that the time scale changes. */
interface ScaledOptions {
  readonly timeScale: number;
  readonly nodeTimeoutMs: number;
  readonly startupTimeoutMs: number;
}

/** Returns the options with the node timeout and the timeout of the start multiplied by the time scale. */
export function scaleTimeouts<T extends ScaledOptions>(options: T, timeScale: number): T {
  return {
    ...options,
    timeScale,
    nodeTimeoutMs: Math.round(options.nodeTimeoutMs * timeScale),
    startupTimeoutMs: Math.round(options.startupTimeoutMs * timeScale),
  };
}
