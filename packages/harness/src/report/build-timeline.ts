import type { Failover } from "../failover/failover.ts";
import type { Ledger } from "../workload/ledger.ts";
import { failoverMarks, type PlacedMark } from "./failover-marks.ts";
import { ledgerMarks } from "./ledger-marks.ts";
import { nodeLanes } from "./node-lanes.ts";
import { flattenSpans } from "./flatten-spans.ts";
import type { Timeline, TimelineLane, TimelineMark } from "./report-data.ts";
import { type TimeRange, timeRange } from "./time-range.ts";
import { type WriteGap, writeGaps } from "./write-gaps.ts";

/** Findings of the ledger that are closer than this share of the failover become one mark. */
const APART = 1 / 40;

/** Puts what was observed and what the ledger found on one axis. Pure. */
export function buildTimeline(failover: Failover, ledger: Ledger | undefined): Timeline {
  const gaps = writeGaps(failover, ledger);
  const core = timeRange(failover, []);
  const found =
    ledger === undefined
      ? []
      : ledgerMarks(ledger, failover.since, (core.toMs - core.fromMs) * APART).map(
          ({ shard, ...rest }): PlacedMark => ({ ...rest, on: shard }),
        );
  const range = timeRange(failover, [
    ...found.map(({ atMs }) => atMs),
    ...gaps.flatMap(({ fromMs, toMs }) => (toMs === undefined ? [fromMs] : [fromMs, toMs])),
  ]);
  const shards = [...new Set([...gaps, ...(found as readonly PlacedMark[])].map(shardOf))];
  const lanes = [
    ...nodeLanes(failover, range),
    ...shards.toSorted((a, b) => a - b).map((shard) => clientLane(shard, gaps, range)),
  ];
  const marks = [...failoverMarks(failover), ...found]
    .flatMap((mark) => onLane(mark, lanes))
    // Of the same moment, what is nearer the top of the list comes first: the order of a failover's phases.
    .toSorted((a, b) => a.atMs - b.atMs);
  return { ...range, lanes, marks, events: failover.events };
}

function shardOf(each: WriteGap | PlacedMark): number {
  return "shard" in each ? each.shard : Number(each.on);
}

function clientLane(shard: number, gaps: readonly WriteGap[], { fromMs, toMs }: TimeRange): TimelineLane {
  const away = gaps
    .filter((gap) => gap.shard === shard)
    .map((gap) => ({ state: "unavailable" as const, fromMs: gap.fromMs, toMs: gap.toMs }));
  const always = { state: "writable" as const, fromMs: Number.NEGATIVE_INFINITY };
  return { kind: "client", name: "client", shard, bars: flattenSpans(fromMs, toMs, [always, ...away]) };
}

function onLane({ on, ...mark }: PlacedMark, lanes: readonly TimelineLane[]): readonly TimelineMark[] {
  const lane = lanes.findIndex(({ kind, name, shard }) =>
    typeof on === "string" ? kind === "node" && name === on : kind === "client" && shard === on,
  );
  return lane === -1 ? [] : [{ ...mark, lane }];
}
