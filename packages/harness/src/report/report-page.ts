import { drawFigure } from "./draw-figure.ts";
import { type Markup, markup, Markup as Trusted } from "./markup.ts";
import { PAGE_SCRIPT } from "./page-script.ts";
import { PAGE_STYLE } from "./page-style.ts";
import type { ReportData } from "./report-data.ts";
import { marksTable, shardsTable, writesTable } from "./report-tables.ts";

/** One report on a page, and the test that it belongs to. */
export interface ReportEntry {
  readonly title: string;
  readonly outcome?: "passed" | "failed" | undefined;
  /** The first line of an error, or the file that the test is in. */
  readonly detail?: string | undefined;
  readonly report: ReportData;
}

/**
 * One page for any number of reports, which needs nothing from anywhere else: no network, no font, no file. Light or
 * dark as the reader prefers; readable without the script, which only shows the details of what is pointed at.
 */
export function reportPage(
  entries: readonly ReportEntry[],
  options: { readonly title?: string | undefined } = {},
): string {
  const title = options.title ?? "Failovers";
  const several = entries.length > 1;
  const page = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${new Trusted(PAGE_STYLE)}</style>
</head>
<body>
<header><h1>${title}</h1>${several ? contents(entries) : undefined}</header>
<main>
${entries.map((entry, index) => section(entry, `r${index + 1}`, several))}
</main>
<script>${new Trusted(PAGE_SCRIPT)}</script>
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

function section({ title, outcome, detail, report }: ReportEntry, id: string, several: boolean): Markup {
  const heading = several
    ? markup`<h2 id="${id}-title">${title}${outcomeBadge(outcome)}</h2>`
    : markup`<h2 id="${id}-title">What happened${outcomeBadge(outcome)}</h2>`;
  return markup`<section id="${id}" aria-labelledby="${id}-title">
${heading}
${detail === undefined ? undefined : markup`<p class="detail">${detail}</p>`}
<p class="summary">${report.summary.join(" ")}</p>
<p class="when">The fault began on <time datetime="${isoTime(report.since)}">${isoTime(report.since)}</time>; all times are milliseconds since then.</p>
${drawFigure(report, id)}
<h3>In words</h3>
${marksTable(report)}
${shardsTable(report)}
${writesTable(report)}
</section>
`;
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
