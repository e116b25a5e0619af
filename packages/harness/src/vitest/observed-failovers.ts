import type { HistoryView } from "../evidence/cluster-history.ts";
import { report } from "../report/failover-report.ts";
import type { ReportData } from "../report/report-data.ts";

/**
 * Returns every failover of a test as data for the reporter, each with the ledger of the workload that ran during the failover.
 */
export function observedFailovers({ failovers, ledgers }: HistoryView): readonly ReportData[] {
  return failovers.map((failover) => {
    const ledger = ledgers.findLast(
      ({ startedAt, stoppedAt }) => startedAt <= failover.since && failover.since <= stoppedAt,
    );
    return report(failover, ledger).toJSON();
  });
}
