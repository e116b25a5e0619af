import type { Fingerprint } from "./fingerprint.ts";

/**
 * A command that has no effect and that no test needs. It is called {@link MARK_CALLS} times after the statistics were reset. If
 * fewer calls are counted later, a client has reset the statistics, and earlier commands may be missing from them.
 */
export const STATISTICS_MARK = "lastsave";
export const MARK_CALLS = 3;

/** Settings that decide whether a server writes files and which files it loads at its next start. */
const FILE_SETTINGS = ["save", "appendonly", "rdb-del-sync-files", "dir", "dbfilename"];

type Messages = Fingerprint["failoverMessages"];

/**
 * Returns the reasons why the process of a node must be replaced, a short sentence each. Returns nothing if commands can revert
 * all changes of the node.
 *
 * @param lasting the called commands whose effects last or are unknown.
 * @param hadFullSync whether a node of its shard has sent a full sync.
 */
export function findIrreversibleChanges(
  before: Fingerprint,
  now: Fingerprint,
  lasting: readonly string[],
  hadFullSync: boolean,
): readonly string[] {
  const { node } = now;
  const isSameProcess = now.runId === before.runId;
  const reasons: string[] = [];
  if (!isSameProcess) reasons.push(`${node} was restarted`);
  // No count decreases by itself. The count of the mark is the least likely to reach its old value again.
  else if ([...before.calls].some(([name, count]) => (now.calls.get(name) ?? 0) < count))
    reasons.push(`the command statistics of ${node} were reset`);
  if (lasting.length > 0) reasons.push(describeCommands(node, lasting));
  if (now.modules !== before.modules) reasons.push(`the modules of ${node} have changed`);
  // A server keeps the votes of its last election and counts them again for seconds (docs/guides/resetting.md).
  if (hasCountedMore(before.failoverMessages, now.failoverMessages, "auth-req_sent"))
    reasons.push(`${node} requested votes in an election`);
  if (isSameProcess) reasons.push(...findWrittenFiles(before, now, hadFullSync));
  return reasons;
}

/** Returns the sentence for a node on which commands with lasting or unknown effects were called. */
export function describeCommands(node: string, names: readonly string[]): string {
  const commands = names.map((name) => name.toUpperCase().replace("|", " "));
  return `${node} executed commands with lasting or unknown effects (${commands.join(", ")})`;
}

/** Returns how many calls of the mark are counted if only the library has reset the statistics of a node. */
export function expectedMarks(before: Fingerprint): number {
  return Math.min(MARK_CALLS, before.calls.get(STATISTICS_MARK) ?? 0);
}

/**
 * Returns the reasons, found only after the cleaning of a node, why its process must be replaced after all. The cleaning has
 * reset the statistics of the node.
 *
 * @param lasting the commands called since the cleaning whose effects last or are unknown.
 * @param hadFullSync whether a node of its shard has sent a full sync since the cleaning.
 * @param ownConfigSetCalls how often the library itself has called CONFIG SET since the cleaning.
 */
export function findChangesSinceCleaning(
  before: Fingerprint,
  now: Fingerprint,
  lasting: readonly string[],
  hadFullSync: boolean,
  ownConfigSetCalls: number,
): readonly string[] {
  const cleaned: Fingerprint = {
    ...before,
    // The process may have been replaced before the cleaning, and failovers before the cleaning do not count.
    runId: now.runId,
    failoverMessages: now.failoverMessages,
    calls: new Map([[STATISTICS_MARK, expectedMarks(before)]]),
    // Counters start at 0 with the cleaning. Servers before 7.0 have times instead, of which −1 means never.
    snapshots: {
      ...now.snapshots,
      saves: Math.min(0, before.snapshots.saves),
      rewrites: Math.min(0, before.snapshots.rewrites),
    },
  };
  const calls = new Map(now.calls);
  // Servers before 7.0 count CONFIG without subcommands, so calls by the library and by clients cannot be distinguished.
  calls.delete("config");
  if ((calls.get("config|set") ?? 0) <= ownConfigSetCalls) calls.delete("config|set");
  return findIrreversibleChanges(cleaned, { ...now, calls }, lasting, hadFullSync);
}

/**
 * Returns which files the server has written by itself, without a command in its statistics. Restoring `save` does not delete a
 * file, and FLUSHALL writes the file again only while save points are set (`flushAllDataAndResetRDB` in db.c).
 */
function findWrittenFiles(before: Fingerprint, now: Fingerprint, hadFullSync: boolean): readonly string[] {
  const { node } = now;
  const changed = FILE_SETTINGS.filter((name) => before.config.get(name) !== now.config.get(name));
  if (changed.length > 0)
    return [`${node} may have written files, because settings have changed (${changed.join(", ")})`];
  const found: string[] = [];
  // Without CONFIG SET, only syncs write snapshots. Both nodes of a sync delete theirs (`rdb-del-sync-files`), unless save points
  // are set. Servers before 7.0 do not count CONFIG SET separately.
  const maySave = now.calls.has("config|set") || now.calls.has("config");
  const hasSaved = now.snapshots.saving || now.snapshots.saves > before.snapshots.saves;
  const hadSync = hadFullSync || now.snapshots.replicationId !== before.snapshots.replicationId;
  if (before.config.get("save") === "" && maySave && (hasSaved || hadSync)) {
    found.push(hasSaved ? `${node} saved a snapshot` : `${node} may have kept the snapshot of a sync`);
  }
  if (before.config.get("appendonly") === "no" && now.snapshots.rewrites > before.snapshots.rewrites)
    found.push(`${node} wrote an append-only file`);
  return found;
}

/**
 * Returns whether a failover, or the start of one, has affected a node, as a list with at most one sentence. A failover changes
 * what the node knows about other nodes.
 */
export function findFailoverChanges(before: Fingerprint, now: Fingerprint): readonly string[] {
  const kinds = [...now.failoverMessages.keys()].filter((kind) =>
    hasCountedMore(before.failoverMessages, now.failoverMessages, kind),
  );
  if (kinds.length > 0) return [`${now.node} exchanged messages of a failover (${kinds.join(", ")})`];
  const [expected, actual] = [before, now].map(
    ({ configEpoch, view }) => `config epoch ${configEpoch} and current epoch ${view.currentEpoch}`,
  );
  return expected === actual
    ? []
    : [`the epochs of ${now.node} have changed: expected ${expected}, got ${actual}`];
}

/** Returns whether a node has counted more bus messages of a kind than before. */
export function hasCountedMore(before: Messages, now: Messages, kind: string): boolean {
  return (now.get(kind) ?? 0) > (before.get(kind) ?? 0);
}
