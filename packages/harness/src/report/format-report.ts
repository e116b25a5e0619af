import { styleText } from "node:util";
import type { LaneState, ReportData, Timeline, TimelineLane } from "./report-data.ts";
import { tickLabel, ticks } from "./ticks.ts";
import { laneName, MARK_LABELS, STATE_LABELS } from "./labels.ts";
import type { ReportTextOptions } from "./options.generated.ts";

type Style = Parameters<typeof styleText>[0];

const MIN_COLUMNS = 60;
const DEFAULT_COLUMNS = 100;
/** The distance of two ticks in characters. */
const TICK_DISTANCE = 16;

/** The character and the color of each state. The characters differ, so that the states can be distinguished without colors. */
const CELLS: Readonly<Record<LaneState, readonly [string, Style]>> = {
  primary: ["█", "blue"],
  replica: ["░", "cyan"],
  unknown: ["?", "gray"],
  silent: ["·", "gray"],
  suspected: ["▒", "yellow"],
  "declared-dead": ["x", "red"],
  "election-delay": ["~", "magenta"],
  election: ["▓", "magenta"],
  writable: ["─", "green"],
  unavailable: ["!", "red"],
};

/** Formats a report as lines of aligned text. */
export function formatReport(data: ReportData, options: ReportTextOptions): string {
  const columns = Math.max(MIN_COLUMNS, options.columns ?? process.stdout.columns ?? DEFAULT_COLUMNS);
  const color = options.color ?? (process.stdout.isTTY && process.stdout.hasColors());
  const paint = (style: Style, text: string): string =>
    color ? styleText(style, text, { validateStream: false }) : text;
  const { timeline } = data;
  const gutter = Math.max(...timeline.lanes.map((lane) => laneName(lane).length)) + 2;
  const width = columns - gutter;
  return [
    paint("bold", printable(data.title)),
    ...data.summary,
    "",
    `${" ".repeat(gutter)}${axis(timeline, width)}`,
    ...timeline.lanes.map((lane) => `${laneName(lane).padEnd(gutter)}${bar(lane, timeline, width, paint)}`),
    legend(timeline, paint),
    "",
    ...markLines(timeline),
  ].join("\n");
}

function axis(timeline: Timeline, width: number): string {
  const cells = Array.from({ length: width }, () => " ");
  let nextFree = 0;
  for (const atMs of ticks(timeline.fromMs, timeline.toMs, width / TICK_DISTANCE)) {
    const label = `|${tickLabel(atMs, timeline.toMs)}`;
    const start = cellOf(atMs, timeline, width);
    if (start < nextFree || start + label.length > width) continue;
    cells.splice(start, label.length, ...label.split(""));
    nextFree = start + label.length + 1;
  }
  return cells.join("").trimEnd();
}

function bar(
  { bars }: TimelineLane,
  timeline: Timeline,
  width: number,
  paint: (style: Style, text: string) => string,
): string {
  let text = "";
  let from = 0;
  for (const [index, { state, toMs }] of bars.entries()) {
    const isLast = index === bars.length - 1;
    // Even a very short state gets a character, as long as the line has one left.
    const end = isLast ? width : Math.min(Math.max(cellOf(toMs, timeline, width), from + 1), width);
    const [cell, style] = CELLS[state];
    text += paint(style, cell.repeat(Math.max(0, end - from)));
    from = end;
  }
  return text;
}

function cellOf(atMs: number, { fromMs, toMs }: Timeline, width: number): number {
  return Math.min(width - 1, Math.max(0, Math.round(((atMs - fromMs) / (toMs - fromMs)) * (width - 1))));
}

function legend({ lanes }: Timeline, paint: (style: Style, text: string) => string): string {
  const used = new Set(lanes.flatMap(({ bars }) => bars.map(({ state }) => state)));
  return (Object.keys(CELLS) as readonly LaneState[])
    .filter((state) => used.has(state))
    .map((state) => `${paint(CELLS[state][1], CELLS[state][0])} ${STATE_LABELS[state]}`)
    .join("   ");
}

function markLines({ marks, lanes }: Timeline): readonly string[] {
  const rows = marks.map(({ atMs, kind, lane, text }) => ({
    at: `${atMs} ms`,
    label: MARK_LABELS[kind],
    lane: laneName(lanes[lane] as TimelineLane),
    text: printable(text),
  }));
  const maxWidth = (pick: (row: (typeof rows)[number]) => string): number =>
    Math.max(0, ...rows.map((row) => pick(row).length));
  const [at, label, lane] = [
    maxWidth((row) => row.at),
    maxWidth((row) => row.label),
    maxWidth((row) => row.lane),
  ];
  return rows.map((row) =>
    `${row.at.padStart(at)}  ${row.label.padEnd(label)}  ${row.lane.padEnd(lane)}  ${row.text}`.trimEnd(),
  );
}

/** Replaces control characters, because names and log lines must not control the terminal. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, "\u{fffd}");
}
