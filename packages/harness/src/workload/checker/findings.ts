import type { DuplicatedWrite, Finding, LostWrite, StaleValue, UnacknowledgedWrite } from "../ledger.ts";
import { formatToken } from "../token.ts";
import type { WorkloadHistory } from "../workload-history.ts";

/** Everything that the checks have found so far. */
export interface Findings {
  readonly lost: LostWrite[];
  readonly unacknowledgedPresent: UnacknowledgedWrite[];
  readonly duplicated: DuplicatedWrite[];
  readonly stale: StaleValue[];
}

/** Returns key, kind, value and shard of the write in a row of the log. The value of a counter is the count of its reply. */
export function findingOf({ log, keyspace }: WorkloadHistory, row: number): Finding {
  const kind = log.kind(row);
  const key = log.key(row);
  const token = formatToken(log.writer(row), log.sequence(row));
  const value = kind === "counter" ? String(log.observed(row)) : token;
  return { key: keyspace.name(kind, key, token), kind, value, shard: keyspace.shardOf(key) };
}

/** Returns the acknowledged write in a row of the log as a lost write. */
export function lostWrite(history: WorkloadHistory, row: number): LostWrite {
  const { log, toEpoch, nodeNameOf } = history;
  return {
    ...findingOf(history, row),
    sentAt: toEpoch(log.sentAt(row)),
    acknowledgedAt: toEpoch(log.doneAt(row)),
    acknowledgedBy: nodeNameOf(log.source(row)),
  };
}

/** The text of findings for a key without a value. */
export const ABSENT = "absent";
