import { layOutChart } from "./chart-layout.ts";
import { drawChart } from "./draw-chart.ts";
import { drawLegend } from "./legend.ts";
import { type Markup, markup } from "./markup.ts";
import type { ReportData } from "./report-data.ts";

/** An SVG element and its height in pixels. */
export interface Picture {
  readonly markup: Markup;
  readonly height: number;
}

/** The space between the chart and the legend, and below the legend, in pixels. */
const GAP = 4;

/** Draws the chart and its legend as an SVG element of a given width in pixels. The style is not included. */
export function drawPicture(report: ReportData, width: number, id: string): Picture {
  const { timeline, title, summary } = report;
  const layout = layOutChart(timeline, width);
  const legend = drawLegend(timeline, width, layout.height + GAP, id);
  const height = layout.height + legend.height + 2 * GAP;
  return {
    height,
    markup: markup`<svg class="chart" role="group" aria-labelledby="${id}-title ${id}-desc" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
<title id="${id}-title">${title}</title>
<desc id="${id}-desc">${summary.join(" ")}</desc>
${drawChart(timeline, layout, id)}
${legend.markup}
</svg>`,
  };
}
