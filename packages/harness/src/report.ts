export { type FailoverReport, report } from "./report/failover-report.ts";
export type { ReportPictureOptions, ReportTextOptions } from "./report/options.generated.ts";
export type {
  DuplicatedFinding,
  Findings,
  LaneState,
  LedgerVerdict,
  MarkKind,
  ReportData,
  ReportShard,
  Timeline,
  TimelineBar,
  TimelineLane,
  TimelineMark,
} from "./report/report-data.ts";
export { type ReportEntry, reportPage } from "./report/report-page.ts";
