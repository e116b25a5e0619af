import type { Fingerprint } from "./fingerprint.ts";

/**
 * A command that nobody needs in a test and that has no effect. After resetting the statistics it is called this often:
 * if fewer calls are counted later, somebody else has reset the statistics, and commands called before may be missing.
 */
export const STATISTICS_MARK = "lastsave";
export const MARK_CALLS = 3;

/** Settings by which a server writes files, and finds them at its next start. */
const FILE_SETTINGS = ["save", "appendonly", "rdb-del-sync-files", "dir", "dbfilename"];

type Messages = Fingerprint["failoverMessages"];

/**
 * Returns why the process of a node has to be replaced, each reason in a few words; nothing if everything about it can be
 * restored.
 *
 * @param lasting the called commands whose effects last, or are unknown.
 * @param synced whether a node of its shard has given a full sync.
 */
export function findIrreversibleChanges(
  before: Fingerprint,
  now: Fingerprint,
  lasting: readonly string[],
  synced: boolean,
): readonly string[] {
  const found: string[] = [];
  if (now.runId !== before.runId) found.push(`${now.node} was restarted`);
  // No count goes down by itself; that of the mark is the least likely to be reached again.
  else if ([...before.calls].some(([name, count]) => (now.calls.get(name) ?? 0) < count))
    found.push(`the statistics of ${now.node} were reset`);
  if (lasting.length > 0) {
    found.push(`${now.node} was told ${formatCommands(lasting)}`);
  }
  if (now.modules !== before.modules) found.push(`${now.node} has other modules`);
  // A server keeps the votes of its last election, and goes by them again for seconds (docs/failover.md).
  if (hasMore(before.failoverMessages, now.failoverMessages, "auth-req_sent"))
    found.push(`${now.node} stood for election`);
  if (now.runId === before.runId) found.push(...findWrittenFiles(before, now, synced));
  return found;
}

/** Commands as one would type them, by their names in the statistics. */
export function formatCommands(names: readonly string[]): string {
  return names.map((name) => name.toUpperCase().replace("|", " ")).join(", ");
}

/** How often the mark has to be counted as long as nobody but the library begins the statistics of a node again. */
export function expectedMarks(before: Fingerprint): number {
  return Math.min(MARK_CALLS, before.calls.get(STATISTICS_MARK) ?? 0);
}

/**
 * Returns why the process of a node cannot be kept after all: what was done to it since its cleaning, which has begun its
 * statistics again.
 *
 * @param lasting the commands among those called since then whose effects last, or are unknown.
 * @param synced whether a node of its shard has given a full sync since then.
 * @param ownSettings how often the library itself has called CONFIG SET since then.
 */
export function findChangesSinceCleaning(
  before: Fingerprint,
  now: Fingerprint,
  lasting: readonly string[],
  synced: boolean,
  ownSettings: number,
): readonly string[] {
  const cleaned: Fingerprint = {
    ...before,
    // The process may be new by then, and may have seen the failovers of which it was cleaned.
    runId: now.runId,
    failoverMessages: now.failoverMessages,
    calls: new Map([[STATISTICS_MARK, expectedMarks(before)]]),
    // Counters since the cleaning. Before 7.0 there are times instead, of which −1 stands for never.
    snapshots: {
      ...now.snapshots,
      saves: Math.min(0, before.snapshots.saves),
      rewrites: Math.min(0, before.snapshots.rewrites),
    },
  };
  const calls = new Map(now.calls);
  // Before 7.0 nothing tells the library's own calls from others.
  calls.delete("config");
  if ((calls.get("config|set") ?? 0) <= ownSettings) calls.delete("config|set");
  return findIrreversibleChanges(cleaned, { ...now, calls }, lasting, synced);
}

/**
 * What the server has written by itself, without a command that is counted. Putting `save` back does not delete a file,
 * and FLUSHALL writes it again only while save points are set (`flushAllDataAndResetRDB` in db.c).
 */
function findWrittenFiles(before: Fingerprint, now: Fingerprint, synced: boolean): readonly string[] {
  const { node } = now;
  const changed = FILE_SETTINGS.filter((name) => before.config.get(name) !== now.config.get(name));
  if (changed.length > 0)
    return [`${node} has another ${changed.join(", ")}, by which it may have written files`];
  const found: string[] = [];
  // Without CONFIG SET only syncs write snapshots, on both sides, and both delete them: `rdb-del-sync-files`. They do not
  // while save points are set. Before 7.0 CONFIG SET is not counted by itself.
  const maySave = now.calls.has("config|set") || now.calls.has("config");
  const saved = now.snapshots.saving || now.snapshots.saves > before.snapshots.saves;
  const received = synced || now.snapshots.replicationId !== before.snapshots.replicationId;
  if (before.config.get("save") === "" && maySave && (saved || received)) {
    found.push(`${node} ${saved ? "saved" : "may have kept"} a snapshot`);
  }
  if (before.config.get("appendonly") === "no" && now.snapshots.rewrites > before.snapshots.rewrites)
    found.push(`${node} wrote an append-only file`);
  return found;
}

/** Whether a failover, or the beginning of one, went through a node. Its traces are in what it thinks of the others. */
export function findFailoverChanges(before: Fingerprint, now: Fingerprint): readonly string[] {
  const kinds = [...now.failoverMessages.keys()].filter((kind) =>
    hasMore(before.failoverMessages, now.failoverMessages, kind),
  );
  if (kinds.length > 0) return [`${now.node} saw a failover (${kinds.join(", ")})`];
  const epochs = [before, now].map(({ configEpoch, view }) => `${configEpoch} of ${view.currentEpoch}`);
  return epochs[0] === epochs[1] ? [] : [`${now.node} went from config epoch ${epochs[0]} to ${epochs[1]}`];
}

/** Returns whether a node has counted more bus messages of a kind than before. */
export function hasMore(before: Messages, now: Messages, kind: string): boolean {
  return (now.get(kind) ?? 0) > (before.get(kind) ?? 0);
}
