import { findingOf, lostWrite, type Findings } from "./findings.ts";
import type { WorkloadHistory, RowsByToken } from "../workload-history.ts";
import type { WriteKind } from "../ledger.ts";
import type { ReadBack } from "../read-back.ts";
import { formatToken } from "../token.ts";

/** The kinds whose every write leaves a token of its own. */
const TOKEN_KINDS = ["set", "append", "member"] as const satisfies readonly WriteKind[];

/**
 * Keys, lists and sets: each token that was acknowledged has to be there, once. A token whose write was not
 * acknowledged may be there, once.
 */
export function checkTokens(
  history: WorkloadHistory,
  rows: RowsByToken,
  found: ReadBack,
  findings: Findings,
): void {
  const { log, keyspace } = history;
  // How often the token of each row was found: 0, 1 or more; 255 stands for 255 and more.
  const copies = new Uint8Array(log.length);
  for (const kind of TOKEN_KINDS) {
    for (const [key, sequences] of found.sequences[kind].entries()) {
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
