import { layOutChart } from "./chart-layout.ts";
import { drawChart } from "./draw-chart.ts";
import { drawLegend } from "./legend.ts";
import { type Markup, markup } from "./markup.ts";
import type { ReportData } from "./report-data.ts";

/** Widths in pixels that the chart is drawn for; the page shows the one that fits. */
const WIDE = 1_040;
const NARROW = 340;

/** The chart twice, for wide and for narrow windows, and the place where details of what is pointed at are shown. */
export function drawFigure(report: ReportData, id: string): Markup {
  return markup`<figure>
<div class="wide">${picture(report, WIDE, `${id}w`)}</div>
<div class="narrow">${picture(report, NARROW, `${id}n`)}</div>
<figcaption class="details" aria-live="polite">Point at a bar or a mark, or step through the marks with Tab, for its details. The numbers are those of the table below.</figcaption>
</figure>`;
}

function picture(report: ReportData, width: number, id: string): Markup {
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
