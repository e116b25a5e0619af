import type { ChartLayout, PlacedBar, PlacedLane, PlacedMark } from "./chart-layout.ts";
import { describeBar, describeMark } from "./describe.ts";
import { type Markup, markup } from "./markup.ts";
import type { LaneState, MarkKind, Timeline } from "./report-data.ts";
import { tickLabel } from "./ticks.ts";
import { FINDING_KINDS, STATE_LABELS } from "./labels.ts";

// All sizes are in pixels.
const CHARACTER_WIDTH = 7;
const RADIUS = 9.5;
/** The style of each kind of mark. Findings are diamonds, the fault is a square, and all other marks are circles. */
const TONES: Readonly<Partial<Record<MarkKind, string>>> = {
  fault: "fault",
  suspected: "trouble",
  "declared-dead": "trouble",
  "vote-denied": "trouble",
  "late-write": "trouble",
  elected: "milestone",
  "first-write": "milestone",
  rejoined: "milestone",
};
/** The states that have a pattern in addition to a color, with the lines of the pattern. */
const PATTERNS: readonly (readonly [LaneState, string])[] = [
  ["suspected", "M-2 10L10 -2M4 16L16 4"],
  ["declared-dead", "M-2 10L10 -2M4 16L16 4M-2 -2L16 16"],
  ["election-delay", "M0 3.5H14M0 10.5H14"],
  ["unavailable", "M-2 4L10 16M4 -2L16 10"],
];

/**
 * Draws the axis, the lanes and their marks. Lanes, bars and marks have a `<title>`. The classes are those of the chart's style.
 *
 * @param id the prefix of the ids of the patterns, unique in the document.
 */
export function drawChart(timeline: Timeline, layout: ChartLayout, id: string): Markup {
  const { plot, ticks, faultX, lanes } = layout;
  const bottom = plot.y + plot.height;
  const grid = ticks.map(
    ({ atMs, x }) =>
      markup`<line class="grid" x1="${x}" x2="${x}" y1="${plot.y - 6}" y2="${bottom}"/><text class="tick" x="${x}" y="16" text-anchor="${anchor(x, layout)}">${tickLabel(atMs, timeline.toMs)}</text>`,
  );
  // Drawn after the lanes and in chronological order, because the Tab key follows the order of the document.
  const badges = lanes.flatMap(({ marks }) => marks).toSorted((a, b) => a.number - b.number);
  return markup`<defs>${PATTERNS.map(([state, path]) => pattern(id, state, path))}</defs>
${grid}
<line class="zero" x1="${faultX}" x2="${faultX}" y1="${plot.y - 6}" y2="${bottom}"/>
${lanes.map((lane) => drawLane(lane, timeline, id))}
${badges.map(drawBadge)}`;
}

function pattern(id: string, state: LaneState, path: string): Markup {
  return markup`<pattern id="${id}-${state}" width="14" height="14" patternUnits="userSpaceOnUse"><path class="p-${state}" d="${path}"/></pattern>`;
}

function drawLane(placed: PlacedLane, timeline: Timeline, id: string): Markup {
  const { label, name, bars, marks } = placed;
  const short = name.length > label.max ? `${name.slice(0, Math.max(1, label.max - 1))}…` : name;
  return markup`<g class="lane"><text class="name" x="${label.x}" y="${label.y}">${short}<title>${name}</title></text>
${bars.map((bar) => drawBar(bar, timeline, id))}
${marks.map((mark) => drawLeader(mark))}</g>`;
}

function drawBar(placed: PlacedBar, timeline: Timeline, id: string): Markup {
  const { bar, x, y, width, height } = placed;
  const label = STATE_LABELS[bar.state];
  const box = markup`x="${x}" y="${y}" width="${width}" height="${height}" rx="${Math.min(3, width / 2)}"`;
  const hatch = PATTERNS.some(([state]) => state === bar.state)
    ? markup`<rect fill="url(#${id}-${bar.state})" ${box}/>`
    : undefined;
  const fits = label.length * CHARACTER_WIDTH + 16 <= width;
  const text = fits ? markup`<text x="${x + 8}" y="${y + height / 2 + 4}">${label}</text>` : undefined;
  return markup`<g class="bar s-${bar.state}"><title>${describeBar(placed, timeline)}</title><rect class="fill" ${box}/>${hatch}${text}</g>`;
}

function drawLeader({ atX, barY, x, y }: PlacedMark): Markup {
  return markup`<path class="leader" d="M${x} ${y}L${atX} ${barY - 3}V${barY + 22}"/>`;
}

function drawBadge(placed: PlacedMark): Markup {
  const { mark, number, x, y } = placed;
  const tone = FINDING_KINDS.has(mark.kind) ? "finding" : (TONES[mark.kind] ?? "step");
  const description = describeMark(placed);
  return markup`<g class="mark t-${tone}" tabindex="0" role="img" aria-label="${description}"><title>${description}</title>${shape(tone, x, y)}<text x="${x}" y="${y + 4}" text-anchor="middle">${number}</text></g>`;
}

function shape(tone: string, x: number, y: number): Markup {
  const side = RADIUS * 2;
  if (tone === "fault") {
    return markup`<rect x="${x - RADIUS}" y="${y - RADIUS}" width="${side}" height="${side}" rx="3"/>`;
  }
  if (tone === "finding") {
    const reach = RADIUS + 3;
    return markup`<path d="M${x} ${y - reach}l${reach} ${reach}l${-reach} ${reach}l${-reach} ${-reach}z"/>`;
  }
  return markup`<circle cx="${x}" cy="${y}" r="${RADIUS}"/>`;
}

/** Returns the alignment of a label. A centered label near an edge would be cut off. */
function anchor(x: number, { plot }: ChartLayout): string {
  const edge = 26;
  if (x < plot.x + edge) return "start";
  return x > plot.x + plot.width - edge ? "end" : "middle";
}
