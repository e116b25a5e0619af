import type { ReadBack } from "../read-back.ts";
import type { WorkloadHistory } from "../workload-history.ts";
import { type Findings, lostWrite } from "./findings.ts";

/** An acknowledged increment that the counter still contains. */
interface Increment {
  readonly row: number;
  /** The count in the reply. */
  readonly count: number;
  /** Number of increments of unknown outcome that were applied between the previous increment and this one. */
  readonly unknownBefore: number;
}

interface Counter {
  /** The acknowledged increments that the counter contains, in the order of their replies, which only grow. */
  readonly increments: Increment[];
  /** Number of increments of unknown outcome that do not explain any count yet. */
  unknown: number;
}

/**
 * Checks counters. The reply to an increment is the count after it. The replies to the one writer of a counter therefore must
 * grow by one each, plus the increments of unknown outcome that were applied in between.
 *
 * If a reply or the final count is lower than an earlier reply, the increments with higher replies are lost. They are reported
 * even if increments of unknown outcome hide the loss in the sum. A count that grew by more than the increments of unknown
 * outcome explain was incremented twice.
 */
export function checkCounters(history: WorkloadHistory, readBack: ReadBack, findings: Findings): void {
  const { log, keyspace } = history;
  const counters = new Map<number, Counter>();
  const advance = (key: number, counter: Counter, count: number, row: number | undefined): void => {
    // For the final count there is no increment to subtract.
    const countBefore = row === undefined ? count : count - 1;
    for (
      let last = counter.increments.at(-1);
      last !== undefined && last.count > countBefore;
      last = counter.increments.at(-1)
    ) {
      findings.lost.push(lostWrite(history, last.row));
      counter.unknown += last.unknownBefore;
      counter.increments.pop();
    }
    const gap = Math.max(0, countBefore - (counter.increments.at(-1)?.count ?? 0));
    const unknownBefore = Math.min(gap, counter.unknown);
    counter.unknown -= unknownBefore;
    if (gap > unknownBefore) {
      const name = keyspace.name("counter", key, "");
      const shard = keyspace.shardOf(key);
      const surplus = gap - unknownBefore;
      findings.duplicated.push({ key: name, kind: "counter", value: String(count), shard, surplus });
    }
    if (row !== undefined) counter.increments.push({ row, count, unknownBefore });
  };
  for (let row = 0; row < log.length; row += 1) {
    if (log.isRead(row) || log.kind(row) !== "counter") continue;
    const key = log.key(row);
    const counter = counters.get(key) ?? { increments: [], unknown: 0 };
    counters.set(key, counter);
    const outcome = log.outcome(row);
    if (outcome === "unknown") counter.unknown += 1;
    if (outcome === "acknowledged") advance(key, counter, log.observed(row), row);
  }
  for (const [key, counter] of counters) advance(key, counter, readBack.counters[key] ?? 0, undefined);
}
