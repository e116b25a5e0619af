import { drawPicture } from "./draw-picture.ts";
import { type Markup, markup } from "./markup.ts";
import type { ReportData } from "./report-data.ts";

/** The widths in pixels for which the chart is drawn. The page shows the chart that fits the window. */
const WIDE_WIDTH = 1_040;
const NARROW_WIDTH = 340;

/** Draws the chart for wide and for narrow windows, and the caption in which the script shows the details of a bar or mark. */
export function drawFigure(report: ReportData, id: string): Markup {
  return markup`<figure>
<div class="wide">${drawPicture(report, WIDE_WIDTH, `${id}w`).markup}</div>
<div class="narrow">${drawPicture(report, NARROW_WIDTH, `${id}n`).markup}</div>
<figcaption class="details" aria-live="polite">To see details, hover over a bar or mark, or move through the marks with the Tab key. The numbers are those of the table below.</figcaption>
</figure>`;
}
