import { type Markup, markup } from "./markup.ts";
import type { LaneState, Timeline } from "./report-data.ts";
import { STATE_LABELS } from "./labels.ts";

const ROW = 24;
const SWATCH = 22;
const CHARACTER = 7;
const BETWEEN = 22;

/** The states that a timeline shows, each beside a piece of its bar, in as many rows as they need. */
export function drawLegend(
  timeline: Timeline,
  width: number,
  top: number,
  id: string,
): { readonly markup: Markup; readonly height: number } {
  const order = Object.keys(STATE_LABELS) as readonly LaneState[];
  const used = new Set(timeline.lanes.flatMap(({ bars }) => bars.map(({ state }) => state)));
  let x = 0;
  let y = top;
  const items = order
    .filter((state) => used.has(state))
    .map((state) => {
      const words = STATE_LABELS[state];
      const length = SWATCH + 8 + words.length * CHARACTER;
      if (x > 0 && x + length > width) {
        x = 0;
        y += ROW;
      }
      const item = markup`<g class="s-${state}">${swatch(state, x + 1, y + 5, id)}</g><text class="legend" x="${x + SWATCH + 8}" y="${y + 16}">${words}</text>`;
      x += length + BETWEEN;
      return item;
    });
  return { markup: markup`<g aria-hidden="true">${items}</g>`, height: y + ROW - top };
}

function swatch(state: LaneState, x: number, y: number, id: string): Markup {
  const box = markup`x="${x}" y="${y}" width="${SWATCH}" height="14" rx="3"`;
  return markup`<rect class="fill" ${box}/><rect fill="url(#${id}-${state})" ${box}/>`;
}
