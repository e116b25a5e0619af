import { layOutChart } from "./chart-layout.ts";
import { CHART_STYLE } from "./chart-style.ts";
import { describeMark } from "./describe.ts";
import { drawChart } from "./draw-chart.ts";
import { drawLegend } from "./legend.ts";
import { Markup, markup } from "./markup.ts";
import type { ReportData, TimelineLane } from "./report-data.ts";

// All sizes are in pixels.
const MARGIN = 20;
const TITLE_HEIGHT = 34;
const TITLE_LINE_HEIGHT = 20;
const TITLE_CHARACTER_WIDTH = 9;
const LINE_HEIGHT = 19;
const CHARACTER_WIDTH = 6.9;

/** Draws a self-contained picture: the title, the chart, the legend, and a list of all marks. */
export function standaloneSvg(data: ReportData, width: number): string {
  const { timeline, title, summary } = data;
  const inner = width - 2 * MARGIN;
  const layout = layOutChart(timeline, inner);
  const legend = drawLegend(timeline, inner, layout.height + 4, "c");
  const listTop = layout.height + legend.height + 26;
  const lines = timeline.marks.flatMap((mark, index) =>
    wrap(
      describeMark({ mark, lane: timeline.lanes[mark.lane] as TimelineLane, number: index + 1 }),
      Math.floor(inner / CHARACTER_WIDTH),
    ),
  );
  const list = lines.map(
    (line, index): Markup =>
      markup`<text class="list" x="0" y="${listTop + index * LINE_HEIGHT}">${line}</text>`,
  );
  const titleLines = wrap(title, Math.floor(inner / TITLE_CHARACTER_WIDTH));
  const titleHeight = TITLE_HEIGHT + (titleLines.length - 1) * TITLE_LINE_HEIGHT;
  const height = MARGIN + titleHeight + listTop + lines.length * LINE_HEIGHT;
  return markup`<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img" aria-labelledby="c-title c-desc" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<title id="c-title">${title}</title>
<desc id="c-desc">${summary.join(" ")}</desc>
<style>${new Markup(CHART_STYLE)}
.chart .title{font-size:17px;font-weight:650}</style>
<rect class="paper" width="${width}" height="${height}"/>
<g transform="translate(${MARGIN} ${MARGIN})">${titleLines.map((line, index) => markup`<text class="title" x="0" y="${14 + index * TITLE_LINE_HEIGHT}">${line}</text>`)}</g>
<g transform="translate(${MARGIN} ${MARGIN + titleHeight})">${drawChart(timeline, layout, "c")}
${legend.markup}
${list}</g>
</svg>
`.text;
}

/** Breaks a text into lines, because SVG does not. A word that is longer than a line is split. */
function wrap(text: string, maxLength: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line !== "" && line.length + 1 + word.length > maxLength) {
      lines.push(line);
      line = "";
    }
    line = line === "" ? word : `${line} ${word}`;
    while (line.length > maxLength) {
      lines.push(line.slice(0, maxLength));
      line = line.slice(maxLength);
    }
  }
  return [...lines, line];
}
