import type { Failover, ShardFailover } from "../failover/failover.ts";
import type { Ledger } from "../workload/ledger.ts";
import { buildTimeline } from "./build-timeline.ts";
import { formatReport, type ReportTextOptions } from "./format-report.ts";
import type { ReportData, ReportShard } from "./report-data.ts";
import { reportPage } from "./report-page.ts";
import { standaloneSvg } from "./standalone-svg.ts";
import { summarizeFailover } from "./summarize-failover.ts";
import { summarizeLedger } from "./summarize-ledger.ts";
import { formatPrimaries } from "./labels.ts";
import { gapMs, writeGaps } from "./write-gaps.ts";

/** Pixels; as wide as a page of text with pictures is on a laptop. */
const SVG_WIDTH = 1_000;
const LEAST_SVG_WIDTH = 280;

/** A finished observation in its forms. Each of them is made anew from the same data, and none does any I/O. */
export interface FailoverReport {
  /** Everything that the other forms are made of. `JSON.stringify(report)` writes it. */
  toJSON(): ReportData;
  /** Aligned lines for a terminal: the summary, a bar for each node and the client, and the marks in order. */
  toText(options?: ReportTextOptions): string;
  /** A picture that stands alone, light or dark as whoever looks at it prefers. Default width 1000 pixels. */
  toSVG(options?: { readonly width?: number | undefined }): string;
  /** A page that needs nothing from anywhere else. */
  toHTML(): string;
}

/**
 * Makes a report of a failover, and of the ledger of a workload that ran meanwhile, if one did. Pure.
 *
 * @param options `title`: what it is about, such as a test's name. Default: who failed and who was promoted.
 */
export function report(
  failover: Failover,
  ledger?: Ledger,
  options: { readonly title?: string | undefined } = {},
): FailoverReport {
  const data = reportData(failover, ledger, options.title);
  return {
    toJSON: () => data,
    toText: (textOptions = {}) => formatReport(data, textOptions),
    toSVG: ({ width = SVG_WIDTH } = {}) => standaloneSvg(data, Math.max(LEAST_SVG_WIDTH, Math.round(width))),
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
    // No node has to be declared dead for a manual one, and a second failover does not begin with the fault.
    expected: manual || promotions.length > 1 ? undefined : { minMs: expected.minMs, maxMs: expected.maxMs },
    unavailableMs,
  };
}
