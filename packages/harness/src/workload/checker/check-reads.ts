import { ABSENT, findingOf, type Findings } from "./findings.ts";
import type { WorkloadHistory, RowsByToken } from "../workload-history.ts";
import { WRITE_KINDS, type WriteKind } from "../ledger.ts";
import { formatToken } from "../token.ts";

/** What a writer knows of one of its keys. */
interface Known {
  /** A read must not see less: a register's newest sequence, or how many acknowledged writes a count includes. */
  floor: number;
  /** The row of the newest acknowledged write. */
  row: number;
  unknown: number;
}

/**
 * Reads during the run: a writer that reads its own key has to see at least what was acknowledged to it. After a
 * read that went back the next ones are measured by what it saw, so that one step back is told once. Gives how many
 * reads were answered.
 */
export function checkReads(history: WorkloadHistory, rows: RowsByToken, findings: Findings): number {
  if (!hasReads(history)) return 0;
  const { log, keyspace, toEpoch } = history;
  const knowledge = new Map<number, Known>();
  const of = (kind: WriteKind, key: number): Known => {
    const id = WRITE_KINDS.indexOf(kind) * keyspace.keys + key;
    const known = knowledge.get(id) ?? { floor: 0, row: -1, unknown: 0 };
    knowledge.set(id, known);
    return known;
  };
  const report = (read: number, write: number, found: string): void => {
    findings.stale.push({
      ...findingOf(history, write),
      found,
      seen: "read",
      acknowledgedAt: toEpoch(log.doneAt(write)),
      seenAt: toEpoch(log.doneAt(read)),
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
      const known = of(kind, key);
      if (outcome === "unknown") known.unknown += 1;
      else {
        known.floor = kind === "register" ? log.sequence(row) : known.floor + 1;
        known.row = row;
      }
      continue;
    }
    if (outcome !== "acknowledged") continue;
    answered += 1;
    if (kind === "set") {
      // The row of the write is known by its token; each of these keys is written once.
      const write = rows[keyspace.writerOf(key)]?.[log.sequence(row)] ?? -1;
      if (observed === 0 && write >= 0) report(row, write, ABSENT);
      continue;
    }
    const known = of(kind, key);
    if (observed >= known.floor || known.row < 0) continue;
    if (kind === "register") {
      const seen = rows[keyspace.writerOf(key)]?.[observed] ?? -1;
      // A write of unknown outcome may have been applied only now.
      if (seen >= 0 && log.outcome(seen) === "unknown") continue;
      report(row, known.row, observed === 0 ? ABSENT : formatToken(keyspace.writerOf(key), observed));
      known.floor = observed;
    } else {
      report(row, known.row, observed === 0 ? ABSENT : String(observed));
      // What is left may be partly writes that nobody acknowledged, and those may yet vanish.
      known.floor = Math.max(0, observed - known.unknown);
    }
  }
  return answered;
}

function hasReads({ log }: WorkloadHistory): boolean {
  for (let row = 0; row < log.length; row += 1) if (log.isRead(row)) return true;
  return false;
}
