import type { DuplicatedWrite, Ledger, LostWrite, ShardLedger, StaleValue } from "./ledger.ts";

/** Maximum number of findings of each sort in the text. More of them provide no further information. */
const MAX_FINDINGS = 10;

type Row = readonly string[];

/**
 * Formats a ledger as lines of aligned text: the outcomes of the writes, the first ten lost, stale and duplicated writes, the
 * longest unavailability of each shard, the errors by word, and the latencies.
 *
 * @returns the text. Its times are in milliseconds since the start of the workload.
 */
export function formatLedger(ledger: Ledger): string {
  const { acknowledged, attempts, failed, unknown, reads, seed, startedAt, stoppedAt } = ledger;
  const formatTime = (at: number): string => `+${Math.round(at - startedAt)} ms`;
  return [
    `writes       ${attempts}: ${acknowledged} acknowledged, ${failed} failed, ${unknown} unknown`,
    `reads        ${reads}`,
    `time         ${Math.round(stoppedAt - startedAt)} ms   seed ${seed}`,
    ...formatFindings("lost", ledger.lost, (write) => lostRow(write, formatTime)),
    ...formatFindings("stale", ledger.stale, (value) => staleRow(value, formatTime)),
    ...formatFindings("duplicated", ledger.duplicated, duplicatedRow),
    `not acknowledged, but present   ${formatUnacknowledged(ledger)}`,
    "unavailable",
    ...alignColumns(ledger.shards.map((shard) => shardRow(shard, formatTime))),
    ...ledger.endedClients.map(
      ({ endedAt, writers }) =>
        `client ended ${formatTime(endedAt)}: ${writers} ${writers === 1 ? "writer" : "writers"} stopped`,
    ),
    `errors       ${formatCounts(ledger.errors)}`,
    `redirects    ${formatCounts(ledger.redirects)}`,
    "latency",
    ...alignColumns(latencyRows(ledger)),
  ].join("\n");
}

function formatFindings<T>(
  what: string,
  findings: readonly T[],
  toRow: (finding: T) => Row,
): readonly string[] {
  const more = findings.length - MAX_FINDINGS;
  return [
    `${what.padEnd(12)} ${findings.length}`,
    ...alignColumns(findings.slice(0, MAX_FINDINGS).map(toRow)),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
}

function lostRow(write: LostWrite, formatTime: (at: number) => string): Row {
  const { key, value, shard, acknowledgedAt, acknowledgedBy } = write;
  const by = acknowledgedBy === undefined ? "" : `by ${acknowledgedBy}`;
  return [value, key, `shard ${shard}`, `acknowledged ${formatTime(acknowledgedAt)}`, by];
}

function staleRow(stale: StaleValue, formatTime: (at: number) => string): Row {
  const { key, value, shard, found, seen, acknowledgedAt, seenAt } = stale;
  const seenBy = seen === "read" ? `a read ${formatTime(seenAt)}` : "the read-back";
  return [
    value,
    key,
    `shard ${shard}`,
    `acknowledged ${formatTime(acknowledgedAt)}`,
    `${seenBy} found ${found} instead`,
  ];
}

/** The row has no time, because duplicates are found only at the end. */
function duplicatedRow({ key, value, shard, surplus }: DuplicatedWrite): Row {
  return [value, key, `shard ${shard}`, `${surplus} too many`];
}

function formatUnacknowledged({ unacknowledgedPresent }: Ledger): string {
  const counts = Map.groupBy(unacknowledgedPresent, ({ outcome }) => outcome);
  return [...counts].map(([outcome, { length }]) => `${length} ${outcome}`).join(", ") || "0";
}

function shardRow(shard: ShardLedger, formatTime: (at: number) => string): Row {
  const { unavailableMs, acknowledged, acknowledgedBy, lastSuccessBefore, firstSuccessAfter } = shard;
  const nodes = Object.entries(acknowledgedBy);
  const by = nodes.length < 2 ? "" : ` (${nodes.map(([node, count]) => `${node} ${count}`).join(", ")})`;
  const before =
    lastSuccessBefore === undefined ? "no write before" : `last write ${formatTime(lastSuccessBefore)}`;
  const after = firstSuccessAfter === undefined ? "no write after" : `next ${formatTime(firstSuccessAfter)}`;
  const end = shard.unavailableAtEndMs;
  const parts = [
    ...(unavailableMs === 0 ? [] : [`${before}, ${after}`]),
    // Omitted if it is the longest time, which the columns before contain.
    ...(end === undefined || (unavailableMs > 0 && firstSuccessAfter === undefined)
      ? []
      : [`down at the end, for ${formatUnavailableMs(end)} ms`]),
  ];
  return [
    `shard ${shard.shard}`,
    `${formatUnavailableMs(unavailableMs)} ms`,
    `${acknowledged} acknowledged${by}`,
    parts.join("; "),
  ];
}

/** Rounds up, so that a time that exceeds a limit of whole milliseconds is also displayed as more than the limit. */
function formatUnavailableMs(ms: number): string {
  return String(Math.ceil(ms));
}

function formatCounts(byWord: Readonly<Record<string, number>>): string {
  const mostFirst = Object.entries(byWord).toSorted(([, a], [, b]) => b - a);
  return mostFirst.map(([word, count]) => `${word} ${count}`).join(", ") || "none";
}

function latencyRows({ latency }: Ledger): readonly Row[] {
  return (["before", "during", "after"] as const).map((part) => {
    const { count, p50Ms, p99Ms, maxMs } = latency[part];
    const times = [`p50 ${p50Ms.toFixed(1)} ms`, `p99 ${p99Ms.toFixed(1)} ms`, `max ${maxMs.toFixed(1)} ms`];
    return [part, `${count} writes`, ...(count === 0 ? [] : times)];
  });
}

/** Aligns rows in columns behind an indent. Cells that start with a digit are aligned to the right. */
function alignColumns(rows: readonly Row[]): readonly string[] {
  const columns = Math.max(0, ...rows.map(({ length }) => length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) => {
    const cells = row.map((cell, column) => {
      const width = widths[column] ?? 0;
      return /^\d/.test(cell) ? cell.padStart(width) : cell.padEnd(width);
    });
    return `  ${cells.join("  ")}`.trimEnd();
  });
}
