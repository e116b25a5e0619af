import type { DuplicatedWrite, Ledger, LostWrite, ShardLedger, StaleValue } from "./ledger.ts";

/** More of one sort say nothing that these do not say. */
const MOST_FINDINGS = 10;

type Row = readonly string[];

/**
 * A ledger as lines of aligned text: what became of the writes, the first ten lost, stale and duplicated ones, each
 * shard's longest unavailability, errors by word, latency. Moments are milliseconds since the workload's start.
 */
export function formatLedger(ledger: Ledger): string {
  const { acknowledged, attempts, failed, unknown, reads, seed, startedAt, stoppedAt } = ledger;
  const since = (at: number): string => `+${Math.round(at - startedAt)} ms`;
  return [
    `writes       ${attempts}: ${acknowledged} acknowledged, ${failed} failed, ${unknown} unknown`,
    `reads        ${reads}`,
    `time         ${Math.round(stoppedAt - startedAt)} ms   seed ${seed}`,
    ...findings("lost", ledger.lost, (write) => lostRow(write, since)),
    ...findings("stale", ledger.stale, (value) => staleRow(value, since)),
    ...findings("duplicated", ledger.duplicated, duplicatedRow),
    `not acknowledged, but present   ${unacknowledged(ledger)}`,
    "unavailable",
    ...align(ledger.shards.map((shard) => shardRow(shard, since))),
    ...ledger.endedClients.map(
      ({ endedAt, writers }) =>
        `client ended ${since(endedAt)}: ${writers} ${writers === 1 ? "writer" : "writers"} wrote no more`,
    ),
    `errors       ${byCount(ledger.errors)}`,
    `redirects    ${byCount(ledger.redirects)}`,
    "latency",
    ...align(latencyRows(ledger)),
  ].join("\n");
}

function findings<T>(what: string, found: readonly T[], row: (each: T) => Row): readonly string[] {
  const more = found.length - MOST_FINDINGS;
  return [
    `${what.padEnd(12)} ${found.length}`,
    ...align(found.slice(0, MOST_FINDINGS).map(row)),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
}

function lostRow(write: LostWrite, since: (at: number) => string): Row {
  const { key, value, shard, acknowledgedAt, acknowledgedBy } = write;
  const by = acknowledgedBy === undefined ? "" : `by ${acknowledgedBy}`;
  return [value, key, `shard ${shard}`, `acknowledged ${since(acknowledgedAt)}`, by];
}

function staleRow(stale: StaleValue, since: (at: number) => string): Row {
  const { key, value, shard, found, seen, acknowledgedAt, seenAt } = stale;
  const where = seen === "read" ? `a read ${since(seenAt)}` : "the read-back";
  return [
    value,
    key,
    `shard ${shard}`,
    `acknowledged ${since(acknowledgedAt)}`,
    `${where} found ${found} instead`,
  ];
}

/** A token in a list twice has no moment: it is seen at the end. */
function duplicatedRow({ key, value, shard, surplus }: DuplicatedWrite): Row {
  return [value, key, `shard ${shard}`, `${surplus} too many`];
}

function unacknowledged({ unacknowledgedPresent }: Ledger): string {
  const counts = Map.groupBy(unacknowledgedPresent, ({ outcome }) => outcome);
  return [...counts].map(([outcome, { length }]) => `${length} ${outcome}`).join(", ") || "0";
}

function shardRow(shard: ShardLedger, since: (at: number) => string): Row {
  const { unavailableMs, acknowledged, acknowledgedBy, lastSuccessBefore, firstSuccessAfter } = shard;
  const nodes = Object.entries(acknowledgedBy);
  const by = nodes.length < 2 ? "" : ` (${nodes.map(([node, count]) => `${node} ${count}`).join(", ")})`;
  const before =
    lastSuccessBefore === undefined ? "no write before" : `last write ${since(lastSuccessBefore)}`;
  const after = firstSuccessAfter === undefined ? "none after" : `next ${since(firstSuccessAfter)}`;
  const end = shard.unavailableAtEndMs;
  const parts = [
    ...(unavailableMs === 0 ? [] : [`${before}, ${after}`]),
    // Told by the columns before if it is the longest time.
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

/** Rounded up, so that a time that is over a limit of whole milliseconds also reads as being over it. */
function formatUnavailableMs(ms: number): string {
  return String(Math.ceil(ms));
}

function byCount(byWord: Readonly<Record<string, number>>): string {
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

/** Columns as wide as their widest cell, behind an indent; what begins with a number is put to the right. */
function align(rows: readonly Row[]): readonly string[] {
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
