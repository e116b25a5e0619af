import Anser from "anser";

/** A line that a program printed. */
export interface RecordedLine {
  /** When the line was printed, in milliseconds since the start. */
  readonly atMs: number;
  /** The text with its ANSI escape sequences. */
  readonly text: string;
}

// Sizes in pixels.
const MARGIN = 16;
const LINE_HEIGHT = 18;
const CHARACTER_WIDTH = 8.43;

/** The colors of the picture by those of Anser, for the ANSI colors red, green and cyan. */
const COLORS: Readonly<Record<string, string>> = {
  "187, 0, 0": "#ff7b72",
  "0, 187, 0": "#7ee787",
  "0, 187, 187": "#79c0ff",
};

/**
 * Draws the output of a program as an SVG picture in which the lines appear at the times at which they were printed. Viewers
 * without animations show all lines.
 */
export function drawTerminal(recorded: readonly RecordedLine[]): string {
  const lines = withoutEmptyEnds(recorded).map(({ atMs, text }) => ({ atMs, parts: Anser.ansiToJson(text) }));
  const columns = Math.max(
    ...lines.map(({ parts }) => parts.reduce((sum, { content }) => sum + content.length, 0)),
  );
  const width = Math.ceil(columns * CHARACTER_WIDTH) + 2 * MARGIN;
  const height = lines.length * LINE_HEIGHT + 2 * MARGIN;
  const rows = lines.map(({ atMs, parts }, index) => {
    const y = MARGIN + (index + 0.75) * LINE_HEIGHT;
    const spans = parts.filter(({ content }) => content !== "").map(drawPart);
    return `<text x="${MARGIN}" y="${y}" style="animation-delay:${Math.round(atMs)}ms">${spans.join("")}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="The output of the demo" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<style>
text{font:14px/1 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#e6edf3;white-space:pre}
.dim{fill:#8d96a0}.bold{font-weight:700}
@media (prefers-reduced-motion:no-preference){text{animation:appear 1ms both}}
@keyframes appear{from{visibility:hidden}}
</style>
<rect width="${width}" height="${height}" rx="8" fill="#0d1117"/>
${rows.join("\n")}
</svg>
`;
}

function drawPart({ content, fg, decorations }: Anser.AnserJsonEntry): string {
  const color = COLORS[fg];
  const classes = decorations.filter((name) => name === "bold" || name === "dim").join(" ");
  return `<tspan${classes === "" ? "" : ` class="${classes}"`}${color === undefined ? "" : ` fill="${color}"`}>${Anser.escapeForHtml(content)}</tspan>`;
}

function withoutEmptyEnds(lines: readonly RecordedLine[]): readonly RecordedLine[] {
  const last = lines.findLastIndex(({ text }) => text.trim() !== "");
  return lines.slice(0, last + 1);
}
