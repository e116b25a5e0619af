import { chartStyle, type Theme } from "./chart-style.ts";
import { describeMark } from "./describe.ts";
import { drawPicture } from "./draw-picture.ts";
import { Markup, markup } from "./markup.ts";
import type { ReportData, TimelineLane } from "./report-data.ts";

// All sizes are in pixels.
const MARGIN = 20;
const TITLE_HEIGHT = 34;
const TITLE_LINE_HEIGHT = 20;
const TITLE_CHARACTER_WIDTH = 9;
const LINE_HEIGHT = 19;
const LIST_GAP = 18;
const CHARACTER_WIDTH = 6.9;

/** Adds what the picture of a page lacks, so that it can be used anywhere: the style, the title, and a list of all marks. */
export function standaloneSvg(data: ReportData, width: number, theme: Theme): string {
  const { timeline, title } = data;
  const inner = width - 2 * MARGIN;
  const picture = drawPicture(data, inner, "c");
  const titleLines = wrap(title, Math.floor(inner / TITLE_CHARACTER_WIDTH));
  const pictureTop = MARGIN + TITLE_HEIGHT + (titleLines.length - 1) * TITLE_LINE_HEIGHT;
  const listTop = pictureTop + picture.height + LIST_GAP;
  const list = timeline.marks.flatMap((mark, index) =>
    wrap(
      describeMark({ mark, lane: timeline.lanes[mark.lane] as TimelineLane, number: index + 1 }),
      Math.floor(inner / CHARACTER_WIDTH),
    ),
  );
  const height = listTop + list.length * LINE_HEIGHT;
  const text = (kind: string, line: string, y: number): Markup =>
    markup`<text class="${kind}" x="${MARGIN}" y="${y}">${line}</text>`;
  return markup`<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img" aria-labelledby="c-title c-desc" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<style>${new Markup(chartStyle(theme))}
.chart .title{font-size:17px;font-weight:650}</style>
<rect class="paper" width="${width}" height="${height}"/>
${titleLines.map((line, index) => text("title", line, MARGIN + 14 + index * TITLE_LINE_HEIGHT))}
<svg x="${MARGIN}" y="${pictureTop}" width="${inner}" height="${picture.height}">${picture.markup}</svg>
${list.map((line, index) => text("list", line, listTop + index * LINE_HEIGHT))}
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
