import { type Markup, markup } from "./markup.ts";
import type { LaneState, Timeline } from "./report-data.ts";
import { STATE_LABELS } from "./labels.ts";

// All sizes are in pixels.
const ROW_HEIGHT = 24;
const SWATCH_WIDTH = 22;
const CHARACTER_WIDTH = 7;
const ITEM_GAP = 22;

/** Draws the legend: each state of a timeline next to a sample of its bar, in as many rows as needed. */
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
      const label = STATE_LABELS[state];
      const length = SWATCH_WIDTH + 8 + label.length * CHARACTER_WIDTH;
      if (x > 0 && x + length > width) {
        x = 0;
        y += ROW_HEIGHT;
      }
      const item = markup`<g class="s-${state}">${swatch(state, x + 1, y + 5, id)}</g><text class="legend" x="${x + SWATCH_WIDTH + 8}" y="${y + 16}">${label}</text>`;
      x += length + ITEM_GAP;
      return item;
    });
  return { markup: markup`<g aria-hidden="true">${items}</g>`, height: y + ROW_HEIGHT - top };
}

function swatch(state: LaneState, x: number, y: number, id: string): Markup {
  const box = markup`x="${x}" y="${y}" width="${SWATCH_WIDTH}" height="14" rx="3"`;
  return markup`<rect class="fill" ${box}/><rect fill="url(#${id}-${state})" ${box}/>`;
}
