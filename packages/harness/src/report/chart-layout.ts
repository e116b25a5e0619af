import { placeBadges } from "./place-badges.ts";
import type { Timeline, TimelineBar, TimelineLane, TimelineMark } from "./report-data.ts";
import { ticks } from "./ticks.ts";
import { laneName } from "./labels.ts";

// All sizes are in pixels.
/** In a narrower chart, the names of the lanes are above their bars instead of to the left of them. */
const NARROW_WIDTH = 560;
const AXIS_HEIGHT = 30;
const LABEL_HEIGHT = 18;
const BADGE_ROW_HEIGHT = 34;
const LANE_GAP = 12;
/** The additional gap between the nodes and the first lane of the client. */
const CLIENT_GAP = 14;
const BAR_HEIGHT = 22;
const MIN_BAR_WIDTH = 2;
const TICK_DISTANCE = 110;
const CHARACTER_WIDTH = 7.2;
/** The maximum width of the names of the lanes, as a share of the width of the chart. */
const MAX_GUTTER_SHARE = 0.25;
/** The distance of two badges: large enough to be touched with a finger. */
const BADGE_DISTANCE = 24;
/** The distance from the center of a badge to the bar below it. */
const BADGE_ABOVE_BAR = 20;

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface PlacedBar extends Box {
  readonly bar: TimelineBar;
  readonly lane: TimelineLane;
}

export interface PlacedMark {
  readonly mark: TimelineMark;
  readonly lane: TimelineLane;
  /** The position of the mark in the list of all marks, from 1. */
  readonly number: number;
  /** The horizontal position of the mark's time. */
  readonly atX: number;
  /** The top of the lane's bars. */
  readonly barY: number;
  /** The center of the badge. */
  readonly x: number;
  readonly y: number;
}

export interface PlacedLane {
  readonly lane: TimelineLane;
  readonly name: string;
  /** `max` is the maximum number of characters. */
  readonly label: { readonly x: number; readonly y: number; readonly max: number };
  readonly bars: readonly PlacedBar[];
  readonly marks: readonly PlacedMark[];
}

/** The positions of all parts of a chart, in pixels. */
export interface ChartLayout {
  readonly width: number;
  readonly height: number;
  readonly plot: Box;
  readonly isNarrow: boolean;
  readonly ticks: readonly { readonly atMs: number; readonly x: number }[];
  /** The horizontal position of the fault. */
  readonly faultX: number;
  readonly lanes: readonly PlacedLane[];
}

/** Computes the layout of a timeline for a width in pixels. Pure. */
export function layOutChart(timeline: Timeline, width: number): ChartLayout {
  const { fromMs, toMs } = timeline;
  const isNarrow = width < NARROW_WIDTH;
  const longest = Math.max(...timeline.lanes.map((lane) => laneName(lane).length));
  const gutter = isNarrow
    ? 0
    : Math.min(Math.ceil(longest * CHARACTER_WIDTH) + 20, Math.floor(width * MAX_GUTTER_SHARE));
  // With a small margin at the edges.
  const left = gutter + (isNarrow ? 2 : 0);
  const right = width - 2;
  const xOf = (atMs: number): number => {
    const share = (Math.min(Math.max(atMs, fromMs), toMs) - fromMs) / (toMs - fromMs);
    return round(left + share * (right - left));
  };
  let y = AXIS_HEIGHT;
  const lanes = timeline.lanes.map((lane, index): PlacedLane => {
    const marks = timeline.marks.flatMap((mark, position) =>
      mark.lane === index ? [{ mark, position }] : [],
    );
    if (lane.kind === "client" && timeline.lanes[index - 1]?.kind === "node") y += CLIENT_GAP;
    const top = y + (isNarrow ? LABEL_HEIGHT : 0);
    const barY = top + (marks.length > 0 ? BADGE_ROW_HEIGHT : 0);
    y = barY + BAR_HEIGHT + LANE_GAP;
    const xs = placeBadges(
      marks.map(({ mark }) => xOf(mark.atMs)),
      left + BADGE_DISTANCE / 2,
      right - BADGE_DISTANCE / 2,
      BADGE_DISTANCE,
    );
    return {
      lane,
      name: laneName(lane),
      label: isNarrow
        ? { x: left, y: top - 3, max: Math.floor(width / CHARACTER_WIDTH) }
        : { x: 0, y: barY + BAR_HEIGHT / 2 + 5, max: Math.floor((gutter - 12) / CHARACTER_WIDTH) },
      bars: lane.bars.map((bar) => {
        const x = xOf(bar.fromMs);
        const barWidth = Math.max(MIN_BAR_WIDTH, round(xOf(bar.toMs) - x));
        return { bar, lane, x, y: barY, width: barWidth, height: BAR_HEIGHT };
      }),
      marks: marks.map(({ mark, position }, markIndex) => ({
        mark,
        lane,
        number: position + 1,
        atX: xOf(mark.atMs),
        barY,
        x: round(xs[markIndex] ?? 0),
        y: barY - BADGE_ABOVE_BAR,
      })),
    };
  });
  const plot = { x: left, y: AXIS_HEIGHT, width: right - left, height: y - AXIS_HEIGHT };
  const placedTicks = ticks(fromMs, toMs, plot.width / TICK_DISTANCE).map((atMs) => ({ atMs, x: xOf(atMs) }));
  return { width, height: y, plot, isNarrow, ticks: placedTicks, faultX: xOf(0), lanes };
}

function round(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}
