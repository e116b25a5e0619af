import type { ReadBack } from "../read-back.ts";
import { formatToken } from "../token.ts";
import type { WorkloadHistory } from "../workload-history.ts";
import { ABSENT, findingOf, type Findings, lostWrite } from "./findings.ts";

/**
 * Checks registers. A register must hold its newest acknowledged write or a write of unknown outcome. A write of unknown outcome
 * may have been applied at any time, so that even an older one may have been applied last. With any other value the newest
 * acknowledged write is lost. If that value is an older acknowledged write, the register is also stale.
 */
export function checkRegisters(history: WorkloadHistory, readBack: ReadBack, findings: Findings): void {
  const { log, keyspace, toEpoch } = history;
  const newestRows = new Map<number, number>();
  const presentRows = new Map<number, number>();
  for (let row = 0; row < log.length; row += 1) {
    if (log.isRead(row) || log.kind(row) !== "register") continue;
    const key = log.key(row);
    if (log.outcome(row) === "acknowledged") newestRows.set(key, row);
    if (log.sequence(row) === readBack.sequences.register[key]?.[0]) presentRows.set(key, row);
  }
  for (const [key, sequences] of readBack.sequences.register.entries()) {
    const [sequence] = sequences;
    const expected = newestRows.get(key);
    const row = presentRows.get(key);
    if (row !== undefined && row === expected) continue;
    const outcome = row === undefined ? undefined : log.outcome(row);
    if (row !== undefined && outcome !== undefined && outcome !== "acknowledged") {
      findings.unacknowledgedPresent.push({ ...findingOf(history, row), outcome });
    }
    if (row === undefined && sequence !== undefined) {
      const value = formatToken(keyspace.writerOf(key), sequence);
      const name = keyspace.name("register", key, "");
      const shard = keyspace.shardOf(key);
      findings.unacknowledgedPresent.push({
        key: name,
        kind: "register",
        value,
        shard,
        outcome: "never-sent",
      });
    }
    if (expected === undefined || outcome === "unknown") continue;
    findings.lost.push(lostWrite(history, expected));
    if (outcome === "acknowledged") {
      findings.stale.push({
        ...findingOf(history, expected),
        found: sequence === undefined ? ABSENT : formatToken(keyspace.writerOf(key), sequence),
        seen: "read-back",
        acknowledgedAt: toEpoch(log.doneAt(expected)),
        seenAt: toEpoch(history.stoppedAt),
      });
    }
  }
}
