import { ABSENT, findingOf, lostWrite, type Findings } from "./findings.ts";
import type { WorkloadHistory } from "../workload-history.ts";
import type { ReadBack } from "../read-back.ts";
import { formatToken } from "../token.ts";

/**
 * Registers hold the newest acknowledged write, or one that was not acknowledged: of which nobody knows when it
 * was applied, so that even an older one may have come last. Anything else means that the newest is lost; an
 * older acknowledged one in its place, that the register went back.
 */
export function checkRegisters(history: WorkloadHistory, found: ReadBack, findings: Findings): void {
  const { log, keyspace, toEpoch } = history;
  const newest = new Map<number, number>();
  const held = new Map<number, number>();
  for (let row = 0; row < log.length; row += 1) {
    if (log.isRead(row) || log.kind(row) !== "register") continue;
    const key = log.key(row);
    if (log.outcome(row) === "acknowledged") newest.set(key, row);
    if (log.sequence(row) === found.sequences.register[key]?.[0]) held.set(key, row);
  }
  for (const [key, sequences] of found.sequences.register.entries()) {
    const [sequence] = sequences;
    const expected = newest.get(key);
    const row = held.get(key);
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
