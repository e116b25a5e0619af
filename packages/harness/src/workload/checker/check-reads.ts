import { WRITE_KINDS, type WriteKind } from "../ledger.ts";
import { formatToken } from "../token.ts";
import type { RowsByToken, WorkloadHistory } from "../workload-history.ts";
import { ABSENT, findingOf, type Findings } from "./findings.ts";

/** What a writer knows about one of its keys. */
interface KeyState {
  /** The minimum that a read must see: the newest sequence of a register, or the number of acknowledged writes of a count. */
  min: number;
  /** The row of the newest acknowledged write. */
  newestRow: number;
  /** Number of writes of unknown outcome. */
  unknown: number;
}

/**
 * Checks the reads during the run. A writer that reads its own key must see at least the writes that were acknowledged to it.
 * After a stale read the next reads are compared with the value of the stale read, so that one loss is reported once.
 *
 * @returns the number of reads that were answered.
 */
export function checkReads(history: WorkloadHistory, rows: RowsByToken, findings: Findings): number {
  if (!hasReads(history)) return 0;
  const { log, keyspace, toEpoch } = history;
  const states = new Map<number, KeyState>();
  const stateOf = (kind: WriteKind, key: number): KeyState => {
    const id = WRITE_KINDS.indexOf(kind) * keyspace.keys + key;
    const state = states.get(id) ?? { min: 0, newestRow: -1, unknown: 0 };
    states.set(id, state);
    return state;
  };
  const report = (readRow: number, writeRow: number, found: string): void => {
    findings.stale.push({
      ...findingOf(history, writeRow),
      found,
      seen: "read",
      acknowledgedAt: toEpoch(log.doneAt(writeRow)),
      seenAt: toEpoch(log.doneAt(readRow)),
    });
  };
  let answered = 0;
  for (let row = 0; row < log.length; row += 1) {
    const kind = log.kind(row);
    const key = log.key(row);
    const outcome = log.outcome(row);
    const observed = log.observed(row);
    if (!log.isRead(row)) {
      if (kind === "set" || outcome === "failed") continue;
      const state = stateOf(kind, key);
      if (outcome === "unknown") state.unknown += 1;
      else {
        state.min = kind === "register" ? log.sequence(row) : state.min + 1;
        state.newestRow = row;
      }
      continue;
    }
    if (outcome !== "acknowledged") continue;
    answered += 1;
    if (kind === "set") {
      // Each key of this kind is written once, so that the token identifies the write.
      const written = rows[keyspace.writerOf(key)]?.[log.sequence(row)] ?? -1;
      if (observed === 0 && written >= 0) report(row, written, ABSENT);
      continue;
    }
    const state = stateOf(kind, key);
    if (observed >= state.min || state.newestRow < 0) continue;
    if (kind === "register") {
      const seen = rows[keyspace.writerOf(key)]?.[observed] ?? -1;
      // A write of unknown outcome may have been applied only now.
      if (seen >= 0 && log.outcome(seen) === "unknown") continue;
      report(row, state.newestRow, observed === 0 ? ABSENT : formatToken(keyspace.writerOf(key), observed));
      state.min = observed;
    } else {
      report(row, state.newestRow, observed === 0 ? ABSENT : String(observed));
      // Some of the remaining writes may be unacknowledged ones, which may still disappear.
      state.min = Math.max(0, observed - state.unknown);
    }
  }
  return answered;
}

function hasReads({ log }: WorkloadHistory): boolean {
  for (let row = 0; row < log.length; row += 1) if (log.isRead(row)) return true;
  return false;
}
