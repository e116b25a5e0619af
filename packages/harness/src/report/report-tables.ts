import { formatRanges } from "../view/slot-ranges.ts";
import { type Markup, markup } from "./markup.ts";
import type { ReportData, ReportShard, TimelineLane } from "./report-data.ts";
import { laneName, MARK_LABELS, formatPrimaries } from "./labels.ts";

/** Every mark of the chart in words, under its number there. */
export function marksTable({ timeline }: ReportData): Markup {
  const rows = timeline.marks.map(
    ({ kind, lane, atMs, text }, index) =>
      markup`<tr><th scope="row">${index + 1}</th><td class="number">${atMs}</td><td>${MARK_LABELS[kind]}</td><td>${laneName(timeline.lanes[lane] as TimelineLane)}</td><td>${text}</td></tr>`,
  );
  return table(
    "Events, in milliseconds since the fault",
    ["No.", "ms", "What", "Where", "Details"],
    rows,
    "marks",
  );
}

/** Each shard that failed over, beside what the servers' own rules allow. */
export function shardsTable({ shards }: ReportData): Markup {
  const rows = shards.map(
    (shard) =>
      markup`<tr><th scope="row">${shard.shard}</th><td>${formatPrimaries(shard)}${shard.manual ? ", on request" : ""}</td><td>${formatRanges(shard.slots)}</td><td class="number">${shard.epochBefore} → ${shard.epochAfter}</td><td class="number">${ms(shard.phases.electedMs ?? shard.phases.servingMs)}</td><td class="number">${expected(shard)}</td><td class="number">${ms(shard.unavailableMs)}</td><td class="number">${shard.acknowledgedByOldPrimary.count}</td></tr>`,
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
      "No lasting write acknowledged for, ms",
      "Late writes of the old primary",
    ],
    rows,
    "shards",
  );
}

/** What became of the writes, where a workload ran. */
export function writesTable({ verdict }: ReportData): Markup | undefined {
  if (verdict === undefined) return undefined;
  const { lost, stale, duplicated } = verdict;
  const counts: readonly (readonly [string, number])[] = [
    ["Attempts", verdict.attempts],
    ["Acknowledged", verdict.acknowledged],
    ["Refused", verdict.failed],
    ["Outcome unknown", verdict.unknown],
    ["Acknowledged and lost", lost.count],
    ["Values that went back", stale.count],
    ["Applied too often", duplicated.count],
    ["Refused, and there all the same", verdict.refusedPresent],
    ...Object.entries(verdict.errors).map(([word, count]): readonly [string, number] => [
      `Error: ${word}`,
      count,
    ]),
  ];
  const rows = counts.map(
    ([what, count]) => markup`<tr><th scope="row">${what}</th><td class="number">${count}</td></tr>`,
  );
  const gone = lost.examples.map(
    ({ key, kind, value, shard }) =>
      markup`<tr><th scope="row">${key}</th><td>${kind}</td><td>${value}</td><td class="number">${shard}</td></tr>`,
  );
  const more = lost.count > gone.length ? `, the first ${gone.length} of ${lost.count}` : "";
  return markup`${table("Writes", ["What", "Number"], rows, "writes")}
${gone.length === 0 ? undefined : table(`Acknowledged writes that are gone${more}`, ["Key", "Kind", "Value", "Shard"], gone, "lost")}`;
}

function table(caption: string, head: readonly string[], rows: readonly Markup[], name: string): Markup {
  const cells = head.map((each) => markup`<th scope="col">${each}</th>`);
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table class="${name}"><caption>${caption}</caption><thead><tr>${cells}</tr></thead><tbody>${rows}</tbody></table></div>`;
}

function ms(value: number | undefined): string {
  return value === undefined ? "not seen" : String(value);
}

function expected({ expected: range }: ReportShard): string {
  return range === undefined ? "at once" : `${Math.round(range.minMs)}–${Math.round(range.maxMs)}`;
}
