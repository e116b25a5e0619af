import { measureAvailability } from "../availability.ts";
import { measureLatency } from "../latency.ts";
import type { Ledger } from "../ledger.ts";
import type { ReadBack } from "../read-back.ts";
import { rowsByToken, type WorkloadHistory } from "../workload-history.ts";
import { checkCounters } from "./check-counters.ts";
import { checkReads } from "./check-reads.ts";
import { checkRegisters } from "./check-registers.ts";
import { checkTokens } from "./check-tokens.ts";
import type { Findings } from "./findings.ts";

/**
 * Compares the acknowledged writes with the values that were read back. Pure.
 *
 * The check relies on two facts only. A key has one writer, which has one command in flight at a time. A write without a certain
 * reply may be applied never, or at any later time. A value that these facts can explain is not a finding.
 */
export function checkHistory(history: WorkloadHistory, readBack: ReadBack): Ledger {
  const { log, keyspace, toEpoch, seed } = history;
  const findings: Findings = { lost: [], unacknowledgedPresent: [], duplicated: [], stale: [] };
  for (const { kind, key, name, value } of readBack.foreign) {
    const shard = keyspace.shardOf(key);
    findings.unacknowledgedPresent.push({ key: name, kind, value, shard, outcome: "never-sent" });
  }
  const rows = rowsByToken(history);
  checkTokens(history, rows, readBack, findings);
  checkRegisters(history, readBack, findings);
  checkCounters(history, readBack, findings);
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

/** Returns the clients that ended. Writers with the same end time share a client. */
function endedClients({ endedWriters, toEpoch }: WorkloadHistory): Ledger["endedClients"] {
  return [...Map.groupBy(endedWriters, ({ at }) => at)]
    .toSorted(([a], [b]) => a - b)
    .map(([at, { length }]) => ({ endedAt: toEpoch(at), writers: length }));
}

function countErrors({ log }: WorkloadHistory): Readonly<Record<string, number>> {
  const errors = new Map<string, number>();
  for (let row = 0; row < log.length; row += 1) {
    const word = log.error(row);
    if (word !== "") errors.set(word, (errors.get(word) ?? 0) + 1);
  }
  return Object.fromEntries(errors);
}
