import { formatRanges } from "../view/slot-ranges.ts";
import { type Markup, markup } from "./markup.ts";
import type { ReportData, ReportShard, TimelineLane } from "./report-data.ts";
import { laneName, MARK_LABELS, formatPrimaries } from "./labels.ts";

/** Returns the table of all marks of the chart, with their numbers. */
export function marksTable({ timeline }: ReportData): Markup {
  const rows = timeline.marks.map(
    ({ kind, lane, atMs, text }, index) =>
      markup`<tr><th scope="row">${index + 1}</th><td class="number">${atMs}</td><td>${MARK_LABELS[kind]}</td><td>${laneName(timeline.lanes[lane] as TimelineLane)}</td><td>${text}</td></tr>`,
  );
  return table(
    "Events, in milliseconds since the fault",
    ["No.", "ms", "Event", "Node or client", "Details"],
    rows,
    "marks",
  );
}

/** Returns the table of the shards that failed over, with the times that the rules of the servers allow. */
export function shardsTable({ shards }: ReportData): Markup {
  const rows = shards.map(
    (shard) =>
      markup`<tr><th scope="row">${shard.shard}</th><td>${formatPrimaries(shard)}${shard.manual ? ", manual" : ""}</td><td>${formatRanges(shard.slots)}</td><td class="number">${shard.epochBefore} → ${shard.epochAfter}</td><td class="number">${formatMs(shard.phases.electedMs ?? shard.phases.servingMs)}</td><td class="number">${formatExpected(shard)}</td><td class="number">${formatMs(shard.unavailableMs)}</td><td class="number">${shard.acknowledgedByOldPrimary.count}</td></tr>`,
  );
  return table(
    "Shards that failed over",
    [
      "Shard",
      "Primary",
      "Slots",
      "Config epoch",
      "Promoted, ms",
      "Expected, ms",
      "Unavailable for writes, ms",
      "Late writes of the old primary",
    ],
    rows,
    "shards",
  );
}

/** Returns the tables of the writes; undefined if no workload ran. */
export function writesTable({ verdict }: ReportData): Markup | undefined {
  if (verdict === undefined) return undefined;
  const { lost, stale, duplicated } = verdict;
  const counts: readonly (readonly [string, number])[] = [
    ["Attempts", verdict.attempts],
    ["Acknowledged", verdict.acknowledged],
    ["Rejected", verdict.failed],
    ["Outcome unknown", verdict.unknown],
    ["Acknowledged and lost", lost.count],
    ["Outdated values", stale.count],
    ["Applied too often", duplicated.count],
    ["Rejected, but present", verdict.refusedPresent],
    ...Object.entries(verdict.errors).map(([word, count]): readonly [string, number] => [
      `Error: ${word}`,
      count,
    ]),
  ];
  const rows = counts.map(
    ([what, count]) => markup`<tr><th scope="row">${what}</th><td class="number">${count}</td></tr>`,
  );
  const lostRows = lost.examples.map(
    ({ key, kind, value, shard }) =>
      markup`<tr><th scope="row">${key}</th><td>${kind}</td><td>${value}</td><td class="number">${shard}</td></tr>`,
  );
  const more = lost.count > lostRows.length ? `, the first ${lostRows.length} of ${lost.count}` : "";
  return markup`${table("Writes", ["Result", "Number"], rows, "writes")}
${lostRows.length === 0 ? undefined : table(`Acknowledged writes that were lost${more}`, ["Key", "Kind", "Value", "Shard"], lostRows, "lost")}`;
}

function table(caption: string, head: readonly string[], rows: readonly Markup[], name: string): Markup {
  const cells = head.map((label) => markup`<th scope="col">${label}</th>`);
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table class="${name}"><caption>${caption}</caption><thead><tr>${cells}</tr></thead><tbody>${rows}</tbody></table></div>`;
}

function formatMs(value: number | undefined): string {
  return value === undefined ? "not observed" : String(value);
}

function formatExpected({ expected: range }: ReportShard): string {
  return range === undefined ? "n/a" : `${Math.round(range.minMs)}–${Math.round(range.maxMs)}`;
}
