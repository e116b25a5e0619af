import type { PlacedBar, PlacedMark } from "./chart-layout.ts";
import type { Timeline } from "./report-data.ts";
import { formatBarTimes, laneName, MARK_LABELS, STATE_LABELS } from "./labels.ts";

/** A bar in words: `node-1: suspected, 780 to 882 ms (102 ms)`. */
export function describeBar({ bar, lane }: Pick<PlacedBar, "bar" | "lane">, timeline: Timeline): string {
  return `${laneName(lane)}: ${STATE_LABELS[bar.state]}, ${formatBarTimes(bar, timeline.fromMs, timeline.toMs)}`;
}

/** A mark in words: `4. 1501 ms, elected: node-4 is the primary, at epoch 9`. */
export function describeMark({ mark, lane, number }: Pick<PlacedMark, "mark" | "lane" | "number">): string {
  return `${number}. ${mark.atMs} ms, ${MARK_LABELS[mark.kind]}: ${laneName(lane)} ${mark.text}`;
}
