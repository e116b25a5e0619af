import type { PlacedBar, PlacedMark } from "./chart-layout.ts";
import type { Timeline } from "./report-data.ts";
import { barTimes, laneName, MARK_WORDS, STATE_WORDS } from "./words.ts";

/** A bar in words: `node-1: suspected, 780 to 882 ms (102 ms)`. */
export function describeBar({ bar, lane }: Pick<PlacedBar, "bar" | "lane">, timeline: Timeline): string {
  return `${laneName(lane)}: ${STATE_WORDS[bar.state]}, ${barTimes(bar, timeline.fromMs, timeline.toMs)}`;
}

/** A mark in words: `4. 1501 ms, elected: node-4 is the primary, at epoch 9`. */
export function describeMark({ mark, lane, number }: Pick<PlacedMark, "mark" | "lane" | "number">): string {
  return `${number}. ${mark.atMs} ms, ${MARK_WORDS[mark.kind]}: ${laneName(lane)} ${mark.text}`;
}
