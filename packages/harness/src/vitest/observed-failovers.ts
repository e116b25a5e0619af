import type { HistoryView } from "../evidence/cluster-history.ts";
import { report } from "../report/failover-report.ts";
import type { ReportData } from "../report/report-data.ts";

/** Every failover of a test as data for the reporter, with the ledger of the workload that it happened to. */
export function observedFailovers({ failovers, ledgers }: HistoryView): readonly ReportData[] {
  return failovers.map((failover) => {
    const during = ledgers.findLast(
      ({ startedAt, stoppedAt }) => startedAt <= failover.since && failover.since <= stoppedAt,
    );
    return report(failover, during).toJSON();
  });
}
