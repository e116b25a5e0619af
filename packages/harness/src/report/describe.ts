import type { PlacedBar, PlacedMark } from "./chart-layout.ts";
import { formatBarTimes, laneName, MARK_LABELS, STATE_LABELS } from "./labels.ts";
import type { Timeline } from "./report-data.ts";

/** Describes a bar: `node-1: suspected, 780 to 882 ms (102 ms)`. */
export function describeBar({ bar, lane }: Pick<PlacedBar, "bar" | "lane">, timeline: Timeline): string {
  return `${laneName(lane)}: ${STATE_LABELS[bar.state]}, ${formatBarTimes(bar, timeline.fromMs, timeline.toMs)}`;
}

/** Describes a mark: `4. 1501 ms, elected (node-4): becomes the primary with config epoch 9`. */
export function describeMark({ mark, lane, number }: Pick<PlacedMark, "mark" | "lane" | "number">): string {
  return `${number}. ${mark.atMs} ms, ${MARK_LABELS[mark.kind]} (${laneName(lane)}): ${mark.text}`;
}
