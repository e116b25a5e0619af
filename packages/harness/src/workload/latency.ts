import type { Interval } from "./availability.ts";
import type { WorkloadHistory } from "./workload-history.ts";
import type { LatencySummary, Ledger } from "./ledger.ts";

/**
 * Measures how long acknowledged writes took before, during and after an interval. A write that was in flight at any time of the
 * interval counts as during. Without an interval all writes count as before.
 */
export function measureLatency({ log }: WorkloadHistory, interval: Interval | undefined): Ledger["latency"] {
  const before = new Float32Array(log.length);
  const during = new Float32Array(interval === undefined ? 0 : log.length);
  const after = new Float32Array(interval === undefined ? 0 : log.length);
  let beforeCount = 0;
  let duringCount = 0;
  let afterCount = 0;
  for (let row = 0; row < log.length; row += 1) {
    if (log.isRead(row) || log.outcome(row) !== "acknowledged") continue;
    const sentAt = log.sentAt(row);
    const doneAt = log.doneAt(row);
    const tookMs = doneAt - sentAt;
    if (interval === undefined || doneAt <= interval.from) before[beforeCount++] = tookMs;
    else if (sentAt >= interval.to) after[afterCount++] = tookMs;
    else during[duringCount++] = tookMs;
  }
  return {
    before: summarizeTimes(before.subarray(0, beforeCount)),
    during: summarizeTimes(during.subarray(0, duringCount)),
    after: summarizeTimes(after.subarray(0, afterCount)),
  };
}

function summarizeTimes(times: Float32Array): LatencySummary {
  times.sort();
  const count = times.length;
  const percentile = (share: number): number => times[Math.max(0, Math.ceil(share * count) - 1)] ?? 0;
  return { count, p50Ms: percentile(0.5), p99Ms: percentile(0.99), maxMs: percentile(1) };
}
