import type { WorkloadHistory } from "../workload-history.ts";
import type { DuplicatedWrite, Finding, LostWrite, StaleValue, UnacknowledgedWrite } from "../ledger.ts";
import { formatToken } from "../token.ts";

/** What the judges of the kinds have found so far. */
export interface Findings {
  readonly lost: LostWrite[];
  readonly unacknowledgedPresent: UnacknowledgedWrite[];
  readonly duplicated: DuplicatedWrite[];
  readonly stale: StaleValue[];
}

/** Where the write in a row of the log went. Of a counter, `value` is the count that its reply gave. */
export function findingOf({ log, keyspace }: WorkloadHistory, index: number): Finding {
  const kind = log.kind(index);
  const key = log.key(index);
  const token = formatToken(log.writer(index), log.sequence(index));
  const value = kind === "counter" ? String(log.observed(index)) : token;
  return { key: keyspace.name(kind, key, token), kind, value, shard: keyspace.shardOf(key) };
}

/** The acknowledged write in a row of the log, as a lost one. */
export function lostWrite(history: WorkloadHistory, index: number): LostWrite {
  const { log, toEpoch, nodeNameOf } = history;
  return {
    ...findingOf(history, index),
    sentAt: toEpoch(log.sentAt(index)),
    acknowledgedAt: toEpoch(log.doneAt(index)),
    acknowledgedBy: nodeNameOf(log.source(index)),
  };
}

/** Names what a key without a value holds. */
export const ABSENT = "absent";
