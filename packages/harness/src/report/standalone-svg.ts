import { layOutChart } from "./chart-layout.ts";
import { CHART_STYLE } from "./chart-style.ts";
import { describeMark } from "./describe.ts";
import { drawChart } from "./draw-chart.ts";
import { drawLegend } from "./legend.ts";
import { type Markup, markup, Markup as Trusted } from "./markup.ts";
import type { ReportData, TimelineLane } from "./report-data.ts";

const EDGE = 20;
const HEAD = 34;
const LINE = 19;
const CHARACTER = 6.9;

/** A picture that stands alone: title, chart, legend and every mark in words. Needs nothing from anywhere. */
export function standaloneSvg(data: ReportData, width: number): string {
  const { timeline, title, summary } = data;
  const inner = width - 2 * EDGE;
  const layout = layOutChart(timeline, inner);
  const legend = drawLegend(timeline, inner, layout.height + 4, "c");
  const listTop = layout.height + legend.height + 26;
  const lines = timeline.marks.flatMap((mark, index) =>
    wrap(
      describeMark({ mark, lane: timeline.lanes[mark.lane] as TimelineLane, number: index + 1 }),
      Math.floor(inner / CHARACTER),
    ),
  );
  const list = lines.map(
    (line, index): Markup => markup`<text class="list" x="0" y="${listTop + index * LINE}">${line}</text>`,
  );
  const head = wrap(title, Math.floor(inner / 9));
  const headHeight = HEAD + (head.length - 1) * 20;
  const height = EDGE + headHeight + listTop + lines.length * LINE;
  return markup`<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img" aria-labelledby="c-title c-desc" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<title id="c-title">${title}</title>
<desc id="c-desc">${summary.join(" ")}</desc>
<style>${new Trusted(CHART_STYLE)}
.chart .title{font-size:17px;font-weight:650}</style>
<rect class="paper" width="${width}" height="${height}"/>
<g transform="translate(${EDGE} ${EDGE})">${head.map((line, index) => markup`<text class="title" x="0" y="${14 + index * 20}">${line}</text>`)}</g>
<g transform="translate(${EDGE} ${EDGE + headHeight})">${drawChart(timeline, layout, "c")}
${legend.markup}
${list}</g>
</svg>
`.text;
}

/** SVG does not break lines by itself. A word that is longer than a line is cut. */
function wrap(text: string, most: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line !== "" && line.length + 1 + word.length > most) {
      lines.push(line);
      line = "";
    }
    line = line === "" ? word : `${line} ${word}`;
    while (line.length > most) {
      lines.push(line.slice(0, most));
      line = line.slice(most);
    }
  }
  return [...lines, line];
}
