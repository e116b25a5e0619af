import type { NodeLogLine } from "./watch-logs.ts";

/** A time, in milliseconds since the epoch, and the node to which it belongs. */
export interface NodeMoment {
  readonly atMs: number;
  readonly node: string;
}

/** A change in a node's view: the node flags another node, or no longer flags it. */
export interface FlagChange extends NodeMoment {
  /** The node id of the flagged node. */
  readonly about: string;
  readonly flag: "" | "fail?" | "fail";
}

/** The first reports that a primary had failed, at the time when it was replaced. */
export interface Suspicion {
  /** The first node that suspected the primary and still did so when it was replaced. */
  readonly suspected: NodeMoment | undefined;
  /** The first node that considered the primary failed and still did so when it was replaced. */
  readonly failed: NodeMoment | undefined;
}

/** Tolerance for the difference between the clocks of log lines and faults, and for the time that a view takes to arrive. */
export const CLOCK_TOLERANCE_MS = 50;

type Level = "healthy" | "suspected" | "failed";

interface LevelChange extends NodeMoment {
  readonly level: Level;
  /** Whether the node itself counted the majority. */
  readonly isByQuorum: boolean;
}

const LEVEL_OF_FLAG: Readonly<Record<FlagChange["flag"], Level>> = {
  "": "healthy",
  "fail?": "suspected",
  fail: "failed",
};

/**
 * Finds the nodes that suspected a primary and that declared it failed, in the logs and the views of the nodes. A suspicion does
 * not count if it ended again, if it began before the fault, or if it began after the promotion.
 *
 * @param id the node id of the primary that was replaced.
 * @param fromMs when the fault began.
 * @param untilMs when the primary was replaced.
 */
export function findSuspicion(
  id: string,
  observed: { readonly logLines: readonly NodeLogLine[]; readonly flagChanges: readonly FlagChange[] },
  fromMs: number,
  untilMs: number,
): Suspicion {
  const changes = [...changesInLogs(id, observed.logLines), ...changesInViews(id, observed.flagChanges)]
    .filter(({ atMs }) => atMs <= untilMs + CLOCK_TOLERANCE_MS)
    .toSorted((a, b) => a.atMs - b.atMs);
  const lasting = [...Map.groupBy(changes, ({ node }) => node).values()].map(findLastingChanges);
  const afterFault = (select: (changesOfNode: LastingChanges) => LevelChange | undefined) =>
    lasting
      .map(select)
      .filter((change) => change !== undefined)
      .filter(({ atMs }) => atMs >= fromMs - CLOCK_TOLERANCE_MS)
      .toSorted((a, b) => a.atMs - b.atMs);
  const [suspected] = afterFault((changesOfNode) => changesOfNode.suspected);
  const failures = afterFault((changesOfNode) => changesOfNode.failed);
  const [first] = failures;
  // The node that counted the majority sent messages to the others. With timestamps in milliseconds it may seem to be second.
  const failed =
    failures.find(({ isByQuorum, atMs }) => isByQuorum && atMs - (first?.atMs ?? 0) <= 1) ?? first;
  // The views, which are polled, may show a suspicion only after a log has shown the failure.
  const isSuspicionLate = suspected !== undefined && failed !== undefined && suspected.atMs > failed.atMs;
  return {
    suspected: isSuspicionLate ? undefined : toMoment(suspected),
    failed: toMoment(failed),
  };
}

interface LastingChanges {
  readonly suspected: LevelChange | undefined;
  readonly failed: LevelChange | undefined;
}

/** Returns the changes of one node that still hold after its last change. A change to healthy ends the earlier ones. */
function findLastingChanges(changes: readonly LevelChange[]): LastingChanges {
  let suspected: LevelChange | undefined;
  let failed: LevelChange | undefined;
  for (const change of changes) {
    if (change.level === "healthy") suspected = failed = undefined;
    else if (change.level === "suspected") suspected ??= change;
    else failed ??= change;
  }
  return { suspected, failed };
}

function changesInLogs(id: string, logLines: readonly NodeLogLine[]): readonly LevelChange[] {
  return logLines.flatMap(({ node, atMs, event }): readonly LevelChange[] => {
    if (event.kind === "suspected" && event.about === id)
      return [{ node, atMs, level: "suspected", isByQuorum: false }];
    if (event.kind === "failed" && event.about === id)
      return [{ node, atMs, level: "failed", isByQuorum: event.by === "quorum" }];
    if (event.kind === "reachable-again" && event.about === id)
      return [{ node, atMs, level: "healthy", isByQuorum: false }];
    return [];
  });
}

function changesInViews(id: string, flagChanges: readonly FlagChange[]): readonly LevelChange[] {
  return flagChanges.flatMap(({ node, about, flag, atMs }) =>
    about === id ? [{ node, atMs, level: LEVEL_OF_FLAG[flag], isByQuorum: false }] : [],
  );
}

function toMoment(change: LevelChange | undefined): NodeMoment | undefined {
  return change === undefined ? undefined : { atMs: change.atMs, node: change.node };
}
