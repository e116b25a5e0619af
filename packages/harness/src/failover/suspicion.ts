import type { NodeLogLine } from "./watch-logs.ts";

/** A moment, in milliseconds since the epoch, and the node that it is of. */
export interface Sighting {
  readonly atMs: number;
  readonly node: string;
}

/** A node flagged another one, or no longer does, as its views show. */
export interface FlagChange extends Sighting {
  /** Node id of the node that is flagged. */
  readonly about: string;
  readonly flag: "" | "fail?" | "fail";
}

/** What the nodes thought of a primary when it was replaced. */
export interface Suspicion {
  /** The first node that suspected it, and has done so since. */
  readonly suspected: Sighting | undefined;
  /** The first node that counted it as dead, and has done so since. */
  readonly failed: Sighting | undefined;
}

/** Log lines and faults are stamped by different clocks, and a view is as old as its way here. */
export const CLOCK_SLACK_MS = 50;

type Level = "well" | "suspected" | "failed";

interface Change extends Sighting {
  readonly level: Level;
  /** It counted the majority itself. */
  readonly byQuorum: boolean;
}

const LEVEL_OF_FLAG: Readonly<Record<FlagChange["flag"], Level>> = {
  "": "well",
  "fail?": "suspected",
  fail: "failed",
};

/**
 * Finds out who suspected a node and who declared it dead, from the nodes' logs and from their views. A suspicion that was
 * dropped again counts no more, nor does one from before the fault, or one that came after the promotion.
 *
 * @param id node id of the primary that was replaced.
 */
export function suspicionOf(
  id: string,
  seen: { readonly lines: readonly NodeLogLine[]; readonly flags: readonly FlagChange[] },
  fromMs: number,
  untilMs: number,
): Suspicion {
  const changes = [...changesInLogs(id, seen.lines), ...changesInViews(id, seen.flags)]
    .filter(({ atMs }) => atMs <= untilMs + CLOCK_SLACK_MS)
    .toSorted((a, b) => a.atMs - b.atMs);
  const lasting = [...Map.groupBy(changes, ({ node }) => node).values()].map(lastingOf);
  const since = (pick: (each: Lasting) => Change | undefined): readonly Change[] =>
    lasting
      .map(pick)
      .filter((each) => each !== undefined)
      .filter(({ atMs }) => atMs >= fromMs - CLOCK_SLACK_MS)
      .toSorted((a, b) => a.atMs - b.atMs);
  const [suspected] = since((each) => each.suspected);
  const dead = since((each) => each.failed);
  const [first] = dead;
  // The node that counted the majority told the others, and with clocks of a millisecond may seem to be second.
  const failed = dead.find(({ byQuorum, atMs }) => byQuorum && atMs - (first?.atMs ?? 0) <= 1) ?? first;
  return {
    // Polled views may see a suspicion only after the log has said that it had become certain.
    suspected:
      suspected !== undefined && failed !== undefined && suspected.atMs > failed.atMs
        ? undefined
        : sighting(suspected),
    failed: sighting(failed),
  };
}

interface Lasting {
  readonly suspected: Change | undefined;
  readonly failed: Change | undefined;
}

/** What is left of one node's changes, in order, after everything that it took back. */
function lastingOf(changes: readonly Change[]): Lasting {
  let suspected: Change | undefined;
  let failed: Change | undefined;
  for (const change of changes) {
    if (change.level === "well") suspected = failed = undefined;
    else if (change.level === "suspected") suspected ??= change;
    else failed ??= change;
  }
  return { suspected, failed };
}

function changesInLogs(id: string, lines: readonly NodeLogLine[]): readonly Change[] {
  return lines.flatMap(({ node, atMs, event }): readonly Change[] => {
    if (event.kind === "suspected" && event.about === id)
      return [{ node, atMs, level: "suspected", byQuorum: false }];
    if (event.kind === "failed" && event.about === id)
      return [{ node, atMs, level: "failed", byQuorum: event.by === "quorum" }];
    if (event.kind === "reachable-again" && event.about === id)
      return [{ node, atMs, level: "well", byQuorum: false }];
    return [];
  });
}

function changesInViews(id: string, flags: readonly FlagChange[]): readonly Change[] {
  return flags.flatMap(({ node, about, flag, atMs }) =>
    about === id ? [{ node, atMs, level: LEVEL_OF_FLAG[flag], byQuorum: false }] : [],
  );
}

function sighting(change: Change | undefined): Sighting | undefined {
  return change === undefined ? undefined : { atMs: change.atMs, node: change.node };
}
