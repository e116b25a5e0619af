import { placeBadges } from "./place-badges.ts";
import type { Timeline, TimelineBar, TimelineLane, TimelineMark } from "./report-data.ts";
import { ticks } from "./ticks.ts";
import { laneName } from "./labels.ts";

/** Below this width names stand above their bars instead of beside them. */
const NARROW = 560;
const AXIS_HEIGHT = 30;
const LABEL_ROW = 18;
const BADGE_ROW = 34;
const LANE_GAP = 12;
/** Before the first lane of the client, which is no node. */
const KIND_GAP = 14;
const BAR_HEIGHT = 22;
const LEAST_BAR = 2;
const TICK_EVERY = 110;
const CHARACTER = 7.2;
const MOST_GUTTER = 0.25;
/** A target that fingers hit. */
const BADGE_APART = 24;
/** From a badge's middle to the bar below it. */
const BADGE_ABOVE = 20;

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
  /** Its place in the list of all marks, from 1 on. */
  readonly number: number;
  /** Where it happened, and the middle of its badge. */
  readonly atX: number;
  readonly barY: number;
  readonly x: number;
  readonly y: number;
}

export interface PlacedLane {
  readonly lane: TimelineLane;
  readonly name: string;
  readonly label: { readonly x: number; readonly y: number; readonly most: number };
  readonly bars: readonly PlacedBar[];
  readonly marks: readonly PlacedMark[];
}

/** Where everything of a chart is, in pixels. */
export interface ChartLayout {
  readonly width: number;
  readonly height: number;
  readonly plot: Box;
  readonly narrow: boolean;
  readonly ticks: readonly { readonly atMs: number; readonly x: number }[];
  readonly faultX: number;
  readonly lanes: readonly PlacedLane[];
}

/** Lays a timeline out for a width. Pure. */
export function layOutChart(timeline: Timeline, width: number): ChartLayout {
  const { fromMs, toMs } = timeline;
  const narrow = width < NARROW;
  const longest = Math.max(...timeline.lanes.map((lane) => laneName(lane).length));
  const gutter = narrow ? 0 : Math.min(Math.ceil(longest * CHARACTER) + 20, Math.floor(width * MOST_GUTTER));
  // Room for half of a badge and of a tick's label at the edges.
  const left = gutter + (narrow ? 2 : 0);
  const right = width - 2;
  const xOf = (atMs: number): number => {
    const share = (Math.min(Math.max(atMs, fromMs), toMs) - fromMs) / (toMs - fromMs);
    return round(left + share * (right - left));
  };
  let y = AXIS_HEIGHT;
  const lanes = timeline.lanes.map((lane, index): PlacedLane => {
    const marks = timeline.marks.flatMap((mark, place) => (mark.lane === index ? [{ mark, place }] : []));
    if (lane.kind === "client" && timeline.lanes[index - 1]?.kind === "node") y += KIND_GAP;
    const top = y + (narrow ? LABEL_ROW : 0);
    const barY = top + (marks.length > 0 ? BADGE_ROW : 0);
    y = barY + BAR_HEIGHT + LANE_GAP;
    const xs = placeBadges(
      marks.map(({ mark }) => xOf(mark.atMs)),
      left + BADGE_APART / 2,
      right - BADGE_APART / 2,
      BADGE_APART,
    );
    return {
      lane,
      name: laneName(lane),
      label: narrow
        ? { x: left, y: top - 3, most: Math.floor(width / CHARACTER) }
        : { x: 0, y: barY + BAR_HEIGHT / 2 + 5, most: Math.floor((gutter - 12) / CHARACTER) },
      bars: lane.bars.map((bar) => {
        const x = xOf(bar.fromMs);
        const barWidth = Math.max(LEAST_BAR, round(xOf(bar.toMs) - x));
        return { bar, lane, x, y: barY, width: barWidth, height: BAR_HEIGHT };
      }),
      marks: marks.map(({ mark, place }, each) => ({
        mark,
        lane,
        number: place + 1,
        atX: xOf(mark.atMs),
        barY,
        x: round(xs[each] ?? 0),
        y: barY - BADGE_ABOVE,
      })),
    };
  });
  const plot = { x: left, y: AXIS_HEIGHT, width: right - left, height: y - AXIS_HEIGHT };
  const all = ticks(fromMs, toMs, plot.width / TICK_EVERY).map((atMs) => ({ atMs, x: xOf(atMs) }));
  return { width, height: y, plot, narrow, ticks: all, faultX: xOf(0), lanes };
}

function round(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}
