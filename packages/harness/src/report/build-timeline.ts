import type { Failover } from "../failover/failover.ts";
import type { Ledger } from "../workload/ledger.ts";
import { failoverMarks, type SubjectMark } from "./failover-marks.ts";
import { flattenSpans } from "./flatten-spans.ts";
import { ledgerMarks } from "./ledger-marks.ts";
import { nodeLanes } from "./node-lanes.ts";
import type { Timeline, TimelineLane, TimelineMark } from "./report-data.ts";
import { type TimeRange, timeRange } from "./time-range.ts";
import { type WriteGap, writeGaps } from "./write-gaps.ts";

/** Findings of the ledger that are closer together than this share of the failover become one mark. */
const MERGE_SHARE = 1 / 40;

/** Combines the observed failover and the findings of the ledger in one timeline. Pure. */
export function buildTimeline(failover: Failover, ledger: Ledger | undefined): Timeline {
  const gaps = writeGaps(failover, ledger);
  const failoverRange = timeRange(failover, []);
  const mergeMs = (failoverRange.toMs - failoverRange.fromMs) * MERGE_SHARE;
  const findings = ledger === undefined ? [] : ledgerMarks(ledger, failover.since, mergeMs);
  const range = timeRange(failover, [
    ...findings.map(({ atMs }) => atMs),
    ...gaps.flatMap(({ fromMs, toMs }) => (toMs === undefined ? [fromMs] : [fromMs, toMs])),
  ]);
  const shards = new Set([...gaps, ...findings].map(({ shard }) => shard));
  const lanes = [
    ...nodeLanes(failover, range),
    ...[...shards].toSorted((a, b) => a - b).map((shard) => clientLane(shard, gaps, range)),
  ];
  const findingMarks = findings.map(({ shard, ...rest }): SubjectMark => ({ ...rest, subject: shard }));
  const marks = [...failoverMarks(failover), ...findingMarks]
    .flatMap((mark) => assignLane(mark, lanes))
    // The sort is stable: marks of the same time keep the order of a failover's phases.
    .toSorted((a, b) => a.atMs - b.atMs);
  return { ...range, lanes, marks, events: failover.events };
}

function clientLane(shard: number, gaps: readonly WriteGap[], { fromMs, toMs }: TimeRange): TimelineLane {
  const unavailable = gaps
    .filter((gap) => gap.shard === shard)
    .map((gap) => ({ state: "unavailable" as const, fromMs: gap.fromMs, toMs: gap.toMs }));
  const writable = { state: "writable" as const, fromMs: Number.NEGATIVE_INFINITY };
  return {
    kind: "client",
    name: "client",
    shard,
    bars: flattenSpans(fromMs, toMs, [writable, ...unavailable]),
  };
}

/** Returns the mark with the index of its lane, or an empty list if its subject has no lane. */
function assignLane(
  { subject, ...mark }: SubjectMark,
  lanes: readonly TimelineLane[],
): readonly TimelineMark[] {
  const lane = lanes.findIndex(({ kind, name, shard }) =>
    typeof subject === "string"
      ? kind === "node" && name === subject
      : kind === "client" && shard === subject,
  );
  return lane === -1 ? [] : [{ ...mark, lane }];
}
