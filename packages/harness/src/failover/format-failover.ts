import { formatRanges } from "../view/slot-ranges.ts";
import type { ExpectedParts, MsRange } from "./expected-failover.ts";
import type { Failover, ShardFailover } from "./failover.ts";

interface Row {
  readonly label: string;
  readonly ms: number | undefined;
  readonly note: string;
}

/**
 * Formats a failover as lines of aligned text. For each shard the text contains the phases in milliseconds since the fault, the
 * expected range of the phases, and the writes that the old primary acknowledged after the promotion.
 */
export function formatFailover(failover: Failover): string {
  return [failover, ...failover.others].map(formatShard).join("\n\n");
}

function formatShard(shard: ShardFailover): string {
  const rows = createRows(shard).filter(({ ms }) => ms !== undefined);
  const labelWidth = Math.max(...rows.map(({ label }) => label.length));
  const msWidth = Math.max(...rows.map(({ ms }) => String(ms).length));
  const lines = rows.map(({ label, ms, note }) =>
    `  ${label.padEnd(labelWidth)}  ${String(ms).padStart(msWidth)} ms  ${note}`.trimEnd(),
  );
  return [
    `${formatPrimaries(shard)}   slots ${formatRanges(shard.slots)}   ` +
      `epoch ${shard.epochBefore} → ${shard.epochAfter}${shard.manual ? "   manual" : ""}`,
    ...lines,
  ].join("\n");
}

/** Formats the primaries that a shard had, in order: `node-0 → node-3`. */
function formatPrimaries({ failed, promotions, promoted }: ShardFailover): string {
  return [failed, ...promotions.slice(0, -1), promoted].map(({ name }) => name).join(" → ");
}

/** Returns the rows in the order of their times. Rows with the same time stay in the order of the steps of a failover. */
function createRows(shard: ShardFailover): readonly Row[] {
  const { phases, promoted, failed, expected, promotions, acknowledgedByOldPrimary: lateWrites } = shard;
  // The primary that the last promotion replaced.
  const replaced = (promotions.at(-2) ?? failed).name;
  const rejoined = failed.name === promoted.name ? replaced : failed.name;
  // These ranges start at the fault, so they do not apply to a second failover.
  const formatIfOnce = (range: MsRange): string | undefined =>
    promotions.length > 1 ? undefined : formatExpected(range);
  const { parts } = expected;
  const rows: readonly Row[] = [
    {
      label: "suspected",
      ms: phases.suspectedMs,
      note: joinNotes(formatBy(phases.suspectedBy), parts && formatExpected(parts.suspicion)),
    },
    {
      label: "declared dead",
      ms: phases.failedMs,
      note: joinNotes(formatBy(phases.failedBy), parts && formatExpected(failedRange(parts))),
    },
    {
      label: "election planned",
      ms: phases.electionScheduledMs,
      note: joinNotes(
        phases.announcedDelayMs === undefined ? undefined : `waits ${phases.announcedDelayMs} ms`,
        parts && formatExpected(parts.delay),
      ),
    },
    { label: "election started", ms: phases.electionStartedMs, note: "" },
    { label: "votes given", ms: phases.votesMs, note: "" },
    { label: "elected", ms: phases.electedMs, note: joinNotes(promoted.name, formatIfOnce(expected)) },
    { label: "seen to serve", ms: phases.servingMs, note: joinNotes(formatIfOnce(expected.serving)) },
    { label: "first write", ms: phases.recoveredMs, note: "" },
    { label: "all agree", ms: phases.agreedMs, note: "" },
    { label: "back in sync", ms: phases.rejoinedMs, note: rejoined },
    {
      label: "last late write",
      ms: lateWrites.lastMs,
      note: `acknowledged by ${replaced} after the promotion, ${lateWrites.count} in all`,
    },
  ];
  return rows.toSorted((a, b) => (a.ms ?? 0) - (b.ms ?? 0));
}

/** Returns the expected time until the primary is declared failed. */
function failedRange({ suspicion, agreement }: ExpectedParts): MsRange {
  return { minMs: suspicion.minMs + agreement.minMs, maxMs: suspicion.maxMs + agreement.maxMs };
}

function formatBy(node: string | undefined): string | undefined {
  return node === undefined ? undefined : `by ${node}`;
}

function formatExpected({ minMs, maxMs }: MsRange): string {
  return `expected ${Math.round(minMs)}–${Math.round(maxMs)}`;
}

function joinNotes(...notes: readonly (string | undefined)[]): string {
  return notes.filter((note) => note !== undefined && note !== "").join(", ");
}
