import { layOutChart } from "./chart-layout.ts";
import { drawChart } from "./draw-chart.ts";
import { drawLegend } from "./legend.ts";
import { type Markup, markup } from "./markup.ts";
import type { ReportData } from "./report-data.ts";

/** The widths in pixels for which the chart is drawn. The page shows the chart that fits the window. */
const WIDE_WIDTH = 1_040;
const NARROW_WIDTH = 340;

/** Draws the chart for wide and for narrow windows, and the caption in which the script shows the details of a bar or mark. */
export function drawFigure(report: ReportData, id: string): Markup {
  return markup`<figure>
<div class="wide">${drawPicture(report, WIDE_WIDTH, `${id}w`)}</div>
<div class="narrow">${drawPicture(report, NARROW_WIDTH, `${id}n`)}</div>
<figcaption class="details" aria-live="polite">To see details, hover over a bar or mark, or move through the marks with the Tab key. The numbers are those of the table below.</figcaption>
</figure>`;
}

function drawPicture(report: ReportData, width: number, id: string): Markup {
  const { timeline, title, summary } = report;
  const layout = layOutChart(timeline, width);
  const legend = drawLegend(timeline, width, layout.height + 4, id);
  const height = layout.height + legend.height + 8;
  return markup`<svg class="chart" role="group" aria-labelledby="${id}-title ${id}-desc" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
<title id="${id}-title">${title}</title>
<desc id="${id}-desc">${summary.join(" ")}</desc>
${drawChart(timeline, layout, id)}
${legend.markup}
</svg>`;
}
