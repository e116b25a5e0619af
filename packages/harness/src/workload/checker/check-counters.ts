import { lostWrite, type Findings } from "./findings.ts";
import type { WorkloadHistory } from "../workload-history.ts";
import type { ReadBack } from "../read-back.ts";

/** An acknowledged increment that is still counted: its row, its reply, and how many unknown ones lie below it. */
interface Step {
  readonly row: number;
  readonly count: number;
  readonly explained: number;
}

interface Counter {
  /** Acknowledged increments in the order of their replies, which only grow: the history that the key has now. */
  readonly steps: Step[];
  /** Increments whose outcome is unknown, and that explain no count yet. */
  unknown: number;
}

/**
 * Counters. An increment's reply is the count after it, so the replies of one writer have to grow, by one each, and
 * by what increments of unknown outcome add. A reply, or the count at the end, that is below an earlier reply shows
 * that the increments with replies above were lost: they are named even where unknown ones hide them in the sum.
 * A count that grew by more than the unknown ones explain was incremented twice.
 */
export function checkCounters(history: WorkloadHistory, found: ReadBack, findings: Findings): void {
  const { log, keyspace } = history;
  const counters = new Map<number, Counter>();
  const advance = (key: number, counter: Counter, count: number, row: number | undefined): void => {
    // The count before this increment, or, at the end, the count itself.
    const before = row === undefined ? count : count - 1;
    for (
      let top = counter.steps.at(-1);
      top !== undefined && top.count > before;
      top = counter.steps.at(-1)
    ) {
      findings.lost.push(lostWrite(history, top.row));
      counter.unknown += top.explained;
      counter.steps.pop();
    }
    const gap = Math.max(0, before - (counter.steps.at(-1)?.count ?? 0));
    const explained = Math.min(gap, counter.unknown);
    counter.unknown -= explained;
    if (gap > explained) {
      const name = keyspace.name("counter", key, "");
      const shard = keyspace.shardOf(key);
      const surplus = gap - explained;
      findings.duplicated.push({ key: name, kind: "counter", value: String(count), shard, surplus });
    }
    if (row !== undefined) counter.steps.push({ row, count, explained });
  };
  for (let row = 0; row < log.length; row += 1) {
    if (log.isRead(row) || log.kind(row) !== "counter") continue;
    const key = log.key(row);
    const counter = counters.get(key) ?? { steps: [], unknown: 0 };
    counters.set(key, counter);
    const outcome = log.outcome(row);
    if (outcome === "unknown") counter.unknown += 1;
    if (outcome === "acknowledged") advance(key, counter, log.observed(row), row);
  }
  for (const [key, counter] of counters) advance(key, counter, found.counters[key] ?? 0, undefined);
}
