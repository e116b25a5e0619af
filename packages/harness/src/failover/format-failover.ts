import { formatRanges } from "../view/slot-ranges.ts";
import type { MsRange } from "./expected.ts";
import type { Failover, ShardFailover } from "./failover.ts";

interface Row {
  readonly what: string;
  readonly ms: number | undefined;
  readonly note: string;
}

/**
 * A failover as lines of aligned text: each shard's phases in milliseconds since the fault, with the expected range, and
 * what the old primary acknowledged after the promotion.
 */
export function formatFailover(failover: Failover): string {
  return [failover, ...failover.others].map(formatShard).join("\n\n");
}

function formatShard(shard: ShardFailover): string {
  const rows = rowsOf(shard).filter(({ ms }) => ms !== undefined);
  const whatWidth = Math.max(...rows.map(({ what }) => what.length));
  const msWidth = Math.max(...rows.map(({ ms }) => String(ms).length));
  const lines = rows.map(({ what, ms, note }) =>
    `  ${what.padEnd(whatWidth)}  ${String(ms).padStart(msWidth)} ms  ${note}`.trimEnd(),
  );
  return [
    `${formatChain(shard)}   slots ${formatRanges(shard.slots)}   ` +
      `epoch ${shard.epochBefore} → ${shard.epochAfter}${shard.manual ? "   manual" : ""}`,
    ...lines,
  ].join("\n");
}

/** The primaries that a shard had, in order: `node-0 → node-3`. */
function formatChain({ failed, promotions, promoted }: ShardFailover): string {
  return [failed, ...promotions.slice(0, -1), promoted].map(({ name }) => name).join(" → ");
}

/** In the order in which they happened; those of the same moment stay in the order of the failover. */
function rowsOf(shard: ShardFailover): readonly Row[] {
  const { phases, promoted, failed, expected, promotions, acknowledgedByOldPrimary: late } = shard;
  // The node that the last promotion replaced.
  const replaced = (promotions.at(-2) ?? failed).name;
  const back = failed.name === promoted.name ? replaced : failed.name;
  // They count from the fault, so they say nothing of a second failover.
  const expectedOnce = (each: MsRange): string | undefined =>
    promotions.length > 1 ? undefined : range(each);
  const { parts } = expected;
  const failedMax = parts && parts.suspicion.maxMs + parts.agreement.maxMs;
  const rows: readonly Row[] = [
    {
      what: "suspected",
      ms: phases.suspectedMs,
      note: join(by(phases.suspectedBy), parts && range(parts.suspicion)),
    },
    {
      what: "declared dead",
      ms: phases.failedMs,
      note: join(
        by(phases.failedBy),
        parts && failedMax !== undefined
          ? range({ minMs: parts.suspicion.minMs + parts.agreement.minMs, maxMs: failedMax })
          : undefined,
      ),
    },
    {
      what: "election planned",
      ms: phases.electionScheduledMs,
      note: join(
        phases.announcedDelayMs === undefined ? undefined : `waits ${phases.announcedDelayMs} ms`,
        parts && range(parts.delay),
      ),
    },
    { what: "election started", ms: phases.electionStartedMs, note: "" },
    { what: "votes given", ms: phases.votesMs, note: "" },
    { what: "elected", ms: phases.electedMs, note: join(promoted.name, expectedOnce(expected)) },
    { what: "seen to serve", ms: phases.servingMs, note: join(expectedOnce(expected.serving)) },
    { what: "first write", ms: phases.recoveredMs, note: "" },
    { what: "all agree", ms: phases.agreedMs, note: "" },
    { what: "back in sync", ms: phases.rejoinedMs, note: back },
    {
      what: "last late write",
      ms: late.lastMs,
      note: `acknowledged by ${replaced} after the promotion, ${late.count} in all`,
    },
  ];
  return rows.toSorted((a, b) => (a.ms ?? 0) - (b.ms ?? 0));
}

function by(node: string | undefined): string | undefined {
  return node === undefined ? undefined : `by ${node}`;
}

function range({ minMs, maxMs }: MsRange): string {
  return `expected ${Math.round(minMs)}–${Math.round(maxMs)}`;
}

function join(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== "").join(", ");
}
