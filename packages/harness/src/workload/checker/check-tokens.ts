import type { WriteKind } from "../ledger.ts";
import type { ReadBack } from "../read-back.ts";
import { formatToken } from "../token.ts";
import type { RowsByToken, WorkloadHistory } from "../workload-history.ts";
import { findingOf, type Findings, lostWrite } from "./findings.ts";

/** The kinds of which every write leaves a token of its own. */
const TOKEN_KINDS = ["set", "append", "member"] as const satisfies readonly WriteKind[];

/**
 * Checks keys, lists and sets. Each acknowledged token must be present exactly once. A token whose write was not acknowledged may
 * be present once.
 */
export function checkTokens(
  history: WorkloadHistory,
  rows: RowsByToken,
  readBack: ReadBack,
  findings: Findings,
): void {
  const { log, keyspace } = history;
  // Number of copies of the token of each row. 255 stands for 255 or more.
  const copies = new Uint8Array(log.length);
  for (const kind of TOKEN_KINDS) {
    for (const [key, sequences] of readBack.sequences[kind].entries()) {
      const writer = keyspace.writerOf(key);
      for (const sequence of sequences) {
        const row = rows[writer]?.[sequence] ?? -1;
        if (row >= 0 && log.kind(row) === kind && log.key(row) === key) {
          copies[row] = Math.min(255, (copies[row] ?? 0) + 1);
        } else {
          const value = formatToken(writer, sequence);
          const name = keyspace.name(kind, key, value);
          const shard = keyspace.shardOf(key);
          findings.unacknowledgedPresent.push({ key: name, kind, value, shard, outcome: "never-sent" });
        }
      }
    }
  }
  for (let row = 0; row < log.length; row += 1) {
    if (log.isRead(row)) continue;
    const kind = log.kind(row);
    if (kind === "counter" || kind === "register") continue;
    const count = copies[row] ?? 0;
    const outcome = log.outcome(row);
    if (count === 0 && outcome === "acknowledged") findings.lost.push(lostWrite(history, row));
    if (count > 0 && outcome !== "acknowledged") {
      findings.unacknowledgedPresent.push({ ...findingOf(history, row), outcome });
    }
    if (count > 1) findings.duplicated.push({ ...findingOf(history, row), surplus: count - 1 });
  }
}
