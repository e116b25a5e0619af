import { measureAvailability } from "../availability.ts";
import { type WorkloadHistory, rowsByToken } from "../workload-history.ts";
import type { Findings } from "./findings.ts";
import { checkCounters } from "./check-counters.ts";
import { checkReads } from "./check-reads.ts";
import { checkRegisters } from "./check-registers.ts";
import { checkTokens } from "./check-tokens.ts";
import { measureLatency } from "../latency.ts";
import type { Ledger } from "../ledger.ts";
import type { ReadBack } from "../read-back.ts";

/**
 * Compares what was acknowledged with what is there. It relies on two things alone: that a key has one writer with
 * one command under way at a time, and that a write without a certain answer may be applied never, or at any later
 * time. What these two can explain is no finding. Pure.
 */
export function checkHistory(history: WorkloadHistory, found: ReadBack): Ledger {
  const { log, keyspace, toEpoch, seed } = history;
  const findings: Findings = { lost: [], unacknowledgedPresent: [], duplicated: [], stale: [] };
  for (const { kind, key, name, value } of found.foreign) {
    const shard = keyspace.shardOf(key);
    findings.unacknowledgedPresent.push({ key: name, kind, value, shard, outcome: "never-sent" });
  }
  const rows = rowsByToken(history);
  checkTokens(history, rows, found, findings);
  checkRegisters(history, found, findings);
  checkCounters(history, found, findings);
  const reads = checkReads(history, rows, findings);
  const { shards, longest } = measureAvailability(history);
  return {
    acknowledged: log.acknowledged,
    attempts: log.acknowledged + log.failed + log.unknown,
    failed: log.failed,
    unknown: log.unknown,
    reads,
    ...findings,
    shards,
    errors: countErrors(history),
    redirects: Object.fromEntries(history.redirects),
    latency: measureLatency(history, longest),
    endedClients: endedClients(history),
    keyPrefix: history.keyPrefix,
    seed,
    timeScale: history.timeScale,
    startedAt: toEpoch(history.startedAt),
    stoppedAt: toEpoch(history.stoppedAt),
  };
}

/** Writers that share a client stop at the same moment. */
function endedClients({ endedWriters, toEpoch }: WorkloadHistory): Ledger["endedClients"] {
  return [...Map.groupBy(endedWriters, ({ at }) => at)]
    .toSorted(([a], [b]) => a - b)
    .map(([at, { length }]) => ({ endedAt: toEpoch(at), writers: length }));
}

function countErrors({ log }: WorkloadHistory): Readonly<Record<string, number>> {
  const errors = new Map<string, number>();
  for (let index = 0; index < log.length; index += 1) {
    const word = log.error(index);
    if (word !== "") errors.set(word, (errors.get(word) ?? 0) + 1);
  }
  return Object.fromEntries(errors);
}
