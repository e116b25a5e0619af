import type { Ledger } from "../workload/ledger.ts";
import type { Findings, LedgerVerdict } from "./report-data.ts";

/** How many findings of a sort are named. */
const MOST = 20;

/** What a report keeps of a ledger: everything counted, and the first few of each sort. */
export function summarizeLedger(ledger: Ledger): LedgerVerdict {
  const { attempts, acknowledged, failed, unknown, errors, shards } = ledger;
  return {
    attempts,
    acknowledged,
    failed,
    unknown,
    lost: firstOf(ledger.lost),
    stale: firstOf(ledger.stale),
    duplicated: firstOf(ledger.duplicated),
    refusedPresent: ledger.unacknowledgedPresent.filter(({ outcome }) => outcome !== "unknown").length,
    errors,
    shards,
  };
}

function firstOf<T>(all: readonly T[]): Findings<T> {
  return { count: all.length, examples: all.slice(0, MOST) };
}
