import type { Span } from "./availability.ts";
import type { WorkloadHistory } from "./workload-history.ts";
import type { LatencySummary, Ledger } from "./ledger.ts";

/**
 * How long acknowledged writes took, before, during and after a span: a write that was under way at any time in
 * it belongs to it.
 */
export function measureLatency({ log }: WorkloadHistory, split: Span | undefined): Ledger["latency"] {
  const before = new Float32Array(log.length);
  const during = new Float32Array(split === undefined ? 0 : log.length);
  const after = new Float32Array(split === undefined ? 0 : log.length);
  let befores = 0;
  let durings = 0;
  let afters = 0;
  for (let row = 0; row < log.length; row += 1) {
    if (log.isRead(row) || log.outcome(row) !== "acknowledged") continue;
    const sentAt = log.sentAt(row);
    const doneAt = log.doneAt(row);
    const took = doneAt - sentAt;
    if (split === undefined || doneAt <= split.from) before[befores++] = took;
    else if (sentAt >= split.to) after[afters++] = took;
    else during[durings++] = took;
  }
  return {
    before: summarizeTimes(before.subarray(0, befores)),
    during: summarizeTimes(during.subarray(0, durings)),
    after: summarizeTimes(after.subarray(0, afters)),
  };
}

function summarizeTimes(times: Float32Array): LatencySummary {
  times.sort();
  const count = times.length;
  const percentile = (share: number): number => times[Math.max(0, Math.ceil(share * count) - 1)] ?? 0;
  return { count, p50Ms: percentile(0.5), p99Ms: percentile(0.99), maxMs: percentile(1) };
}
