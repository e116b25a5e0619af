import { readCallOptions } from "../schema/call-options.ts";
import type { Failover, ShardFailover } from "../failover/failover.ts";
import type { Ledger } from "../workload/ledger.ts";
import { buildTimeline } from "./build-timeline.ts";
import { formatReport } from "./format-report.ts";
import type { ReportPictureOptions, ReportTextOptions } from "./options.generated.ts";
import type { ReportData, ReportShard } from "./report-data.ts";
import { PICTURE_OPTIONS, TEXT_OPTIONS } from "./report-options.ts";
import { reportPage } from "./report-page.ts";
import { standaloneSvg } from "./standalone-svg.ts";
import { summarizeFailover } from "./summarize-failover.ts";
import { summarizeLedger } from "./summarize-ledger.ts";
import { formatPrimaries } from "./labels.ts";
import { gapMs, writeGaps } from "./write-gaps.ts";

const MIN_SVG_WIDTH = 280;

/** A report of a failover in several formats. Each call creates the format again from the same data, without I/O. */
export interface FailoverReport {
  /** Returns the data of all formats. `JSON.stringify(report)` writes them. */
  toJSON(): ReportData;
  /**
   * Returns aligned lines for a terminal: the summary, a bar for each node and the client, and the marks in chronological order.
   */
  toText(options?: ReportTextOptions): string;
  /** Returns a self-contained SVG picture. */
  toSVG(options?: ReportPictureOptions): string;
  /** Returns a self-contained HTML page. */
  toHTML(): string;
}

/**
 * Creates a report of a failover. Pure.
 *
 * @param failover the result of `observeFailover()`.
 * @param ledger the result of `stop()` of a workload that ran during the failover. @default no workload ran
 * @param options.title the title of the report, such as the name of a test. @default the primaries of the shard: `node-0 →
 * node-3`
 */
export function report(
  failover: Failover,
  ledger?: Ledger,
  options: { readonly title?: string | undefined } = {},
): FailoverReport {
  const data = reportData(failover, ledger, options.title);
  return {
    toJSON: () => data,
    toText: (given = {}) => formatReport(data, readCallOptions("toText()", TEXT_OPTIONS, given)),
    toSVG: (given = {}) => {
      const { width = 1_000, theme = "auto" } = readCallOptions("toSVG()", PICTURE_OPTIONS, given);
      return standaloneSvg(data, Math.max(MIN_SVG_WIDTH, Math.round(width)), theme);
    },
    toHTML: () => reportPage([{ title: data.title, report: data }], { title: data.title }),
  };
}

function reportData(failover: Failover, ledger: Ledger | undefined, title: string | undefined): ReportData {
  const gaps = writeGaps(failover, ledger);
  const shards = [failover, ...failover.others].map((shard) =>
    reportShard(shard, gaps.filter((gap) => gap.shard === shard.shard).map(gapMs)[0]),
  );
  const [first] = shards;
  const verdict = ledger === undefined ? undefined : summarizeLedger(ledger);
  return {
    version: 1,
    title: title ?? (first === undefined ? "" : formatPrimaries(first)),
    since: failover.since,
    summary: summarizeFailover(shards, verdict, failover.events),
    shards,
    timeline: buildTimeline(failover, ledger),
    verdict,
  };
}

function reportShard(shard: ShardFailover, unavailableMs: number | undefined): ReportShard {
  const { expected, failed, promoted, promotions, slots, epochBefore, epochAfter, manual, phases } = shard;
  return {
    shard: shard.shard,
    failed: failed.name,
    promoted: promoted.name,
    promotions,
    slots,
    epochBefore,
    epochAfter,
    manual,
    phases,
    acknowledgedByOldPrimary: shard.acknowledgedByOldPrimary,
    // A manual failover has no expected time, and a second failover does not start with the fault.
    expected: manual || promotions.length > 1 ? undefined : { minMs: expected.minMs, maxMs: expected.maxMs },
    unavailableMs,
  };
}
