import { drawFigure } from "./draw-figure.ts";
import { Markup, markup } from "./markup.ts";
import { PAGE_SCRIPT } from "./page-script.ts";
import { PAGE_STYLE } from "./page-style.ts";
import type { ReportData } from "./report-data.ts";
import { marksTable, shardsTable, writesTable } from "./report-tables.ts";

/** A report on a page, and the test to which it belongs. */
export interface ReportEntry {
  /** The title above the report, such as the name of a test. */
  readonly title: string;
  /** The result of the test. @default no result is shown */
  readonly outcome?: "passed" | "failed" | undefined;
  /** A line of text below the title, such as the first line of an error or the file of the test. @default no line */
  readonly detail?: string | undefined;
  /** The report, as `toJSON()` returns it. */
  readonly report: ReportData;
}

/**
 * Returns one HTML page for any number of reports. The page is self-contained: it loads no fonts and no other files. It uses the
 * light or dark theme that the reader prefers. It is readable without its script, which only shows the details of bars and marks.
 *
 * @param options.title the title of the page. @default "Failovers"
 */
export function reportPage(
  entries: readonly ReportEntry[],
  options: { readonly title?: string | undefined } = {},
): string {
  const title = options.title ?? "Failovers";
  const isMultiple = entries.length > 1;
  const page = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${new Markup(PAGE_STYLE)}</style>
</head>
<body>
<header><h1>${title}</h1>${isMultiple ? contents(entries) : undefined}</header>
<main>
${entries.map((entry, index) => section(entry, `r${index + 1}`, isMultiple))}
</main>
<script>${new Markup(PAGE_SCRIPT)}</script>
</body>
</html>
`;
  return page.text;
}

function contents(entries: readonly ReportEntry[]): Markup {
  const items = entries.map(
    ({ title, outcome }, index) =>
      markup`<li><a href="#r${index + 1}">${title}</a>${outcomeBadge(outcome)}</li>`,
  );
  return markup`<nav aria-label="Reports"><ol>${items}</ol></nav>`;
}

function outcomeBadge(outcome: ReportEntry["outcome"]): Markup | undefined {
  if (outcome === undefined) return undefined;
  return markup` <span class="outcome ${outcome}">${outcome}</span>`;
}

function section({ title, outcome, detail, report }: ReportEntry, id: string, isMultiple: boolean): Markup {
  const heading = isMultiple
    ? markup`<h2 id="${id}-title">${title}${outcomeBadge(outcome)}</h2>`
    : markup`<h2 id="${id}-title">What happened${outcomeBadge(outcome)}</h2>`;
  return markup`<section id="${id}" aria-labelledby="${id}-title">
${heading}
${detail === undefined ? undefined : markup`<p class="detail">${detail}</p>`}
<p class="summary">${report.summary.join(" ")}</p>
<p class="when">The fault started at <time datetime="${isoTime(report.since)}">${isoTime(report.since)}</time>. All times are in milliseconds since then.</p>
${drawFigure(report, id)}
<h3>Details</h3>
${marksTable(report)}
${shardsTable(report)}
${writesTable(report)}
</section>
`;
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
