import { type ChartLayout, type PlacedBar, type PlacedLane, type PlacedMark } from "./chart-layout.ts";
import { describeBar, describeMark } from "./describe.ts";
import { type Markup, markup } from "./markup.ts";
import type { LaneState, MarkKind, Timeline } from "./report-data.ts";
import { tickLabel } from "./ticks.ts";
import { FINDING_KINDS, STATE_LABELS } from "./labels.ts";

const CHARACTER = 7;
const RADIUS = 9.5;
/** How a kind of mark looks; findings are diamonds, the fault is a square, all others are round. */
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
/** States that have a pattern as well as a colour, and its lines. */
const PATTERNS: readonly (readonly [LaneState, string])[] = [
  ["suspected", "M-2 10L10 -2M4 16L16 4"],
  ["declared-dead", "M-2 10L10 -2M4 16L16 4M-2 -2L16 16"],
  ["election-delay", "M0 3.5H14M0 10.5H14"],
  ["unavailable", "M-2 4L10 16M4 -2L16 10"],
];

/** The axis, the lanes and their marks; everything in it has a `<title>`. Classes are those of the chart's style. */
export function drawChart(timeline: Timeline, layout: ChartLayout, id: string): Markup {
  const { plot, ticks, faultX, lanes } = layout;
  const bottom = plot.y + plot.height;
  const grid = ticks.map(
    ({ atMs, x }) =>
      markup`<line class="grid" x1="${x}" x2="${x}" y1="${plot.y - 6}" y2="${bottom}"/><text class="tick" x="${x}" y="16" text-anchor="${anchor(x, layout)}">${tickLabel(atMs, timeline.toMs)}</text>`,
  );
  // After the lanes, in the order in which things happened: that is the order in which Tab goes through them.
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
  const short = name.length > label.most ? `${name.slice(0, Math.max(1, label.most - 1))}…` : name;
  return markup`<g class="lane"><text class="name" x="${label.x}" y="${label.y}">${short}<title>${name}</title></text>
${bars.map((bar) => drawBar(bar, timeline, id))}
${marks.map((mark) => drawLeader(mark))}</g>`;
}

function drawBar(placed: PlacedBar, timeline: Timeline, id: string): Markup {
  const { bar, x, y, width, height } = placed;
  const words = STATE_LABELS[bar.state];
  const box = markup`x="${x}" y="${y}" width="${width}" height="${height}" rx="${Math.min(3, width / 2)}"`;
  const hatch = PATTERNS.some(([state]) => state === bar.state)
    ? markup`<rect fill="url(#${id}-${bar.state})" ${box}/>`
    : undefined;
  const fits = words.length * CHARACTER + 16 <= width;
  const text = fits ? markup`<text x="${x + 8}" y="${y + height / 2 + 4}">${words}</text>` : undefined;
  return markup`<g class="bar s-${bar.state}"><title>${describeBar(placed, timeline)}</title><rect class="fill" ${box}/>${hatch}${text}</g>`;
}

function drawLeader({ atX, barY, x, y }: PlacedMark): Markup {
  return markup`<path class="leader" d="M${x} ${y}L${atX} ${barY - 3}V${barY + 22}"/>`;
}

function drawBadge(placed: PlacedMark): Markup {
  const { mark, number, x, y } = placed;
  const tone = FINDING_KINDS.has(mark.kind) ? "finding" : (TONES[mark.kind] ?? "step");
  const words = describeMark(placed);
  return markup`<g class="mark t-${tone}" tabindex="0" role="img" aria-label="${words}"><title>${words}</title>${shape(tone, x, y)}<text x="${x}" y="${y + 4}" text-anchor="middle">${number}</text></g>`;
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

/** Labels near an edge would stick out of the picture. */
function anchor(x: number, { plot }: ChartLayout): string {
  const edge = 26;
  if (x < plot.x + edge) return "start";
  return x > plot.x + plot.width - edge ? "end" : "middle";
}
