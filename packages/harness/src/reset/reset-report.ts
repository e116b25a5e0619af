/** The report of a reset. */
export interface ResetReport {
  /**
   * How the cluster was reset.
   *
   * - `"cleaned"`: nothing was broken, and commands reverted all changes.
   * - `"repaired"`: roles and slots were assigned again, and the nodes in {@link restarted} got new processes with new files.
   * - `"rebuilt"`: all nodes got new processes with new files, and the cluster was formed as at its start.
   */
  readonly strategy: "cleaned" | "repaired" | "rebuilt";
  /**
   * Why cleaning was not enough: the first five differences that commands cannot revert, and why a faster strategy failed. Undefined
   * if {@link strategy} is `"cleaned"`.
   */
  readonly reason: string | undefined;
  /** The names of the nodes whose process was replaced. */
  readonly restarted: readonly string[];
  /** The time from the call of `reset()` until the new `client` was connected, in milliseconds. */
  readonly tookMs: number;
  /** @deprecated Use {@link strategy}, where `"mended"` is `"repaired"`. */
  readonly way: "cleaned" | "mended" | "rebuilt";
  /** @deprecated Use {@link reason}. */
  readonly because: string | undefined;
}

/** Adds the deprecated names to a report. */
export function withDeprecatedNames(report: Omit<ResetReport, "way" | "because">): ResetReport {
  const { strategy, reason } = report;
  return { ...report, way: strategy === "repaired" ? "mended" : strategy, because: reason };
}
