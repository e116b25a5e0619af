import type { Ledger } from "../workload/ledger.ts";
import type { Findings, LedgerVerdict } from "./report-data.ts";

/** The maximum number of examples of each kind of finding. */
const MAX_EXAMPLES = 20;

/** Returns what a report contains of a ledger: all counts, and the first findings of each kind. */
export function summarizeLedger(ledger: Ledger): LedgerVerdict {
  const { attempts, acknowledged, failed, unknown, errors, shards } = ledger;
  return {
    attempts,
    acknowledged,
    failed,
    unknown,
    lost: findingsOf(ledger.lost),
    stale: findingsOf(ledger.stale),
    duplicated: findingsOf(ledger.duplicated),
    refusedPresent: ledger.unacknowledgedPresent.filter(({ outcome }) => outcome !== "unknown").length,
    errors,
    shards,
  };
}

function findingsOf<T>(all: readonly T[]): Findings<T> {
  return { count: all.length, examples: all.slice(0, MAX_EXAMPLES) };
}
