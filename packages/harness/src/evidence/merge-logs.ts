import type { Answer } from "./answer.ts";

/** The output of one node, each line after the timestamp of the engine. */
export interface NodeLog {
  readonly node: string;
  readonly log: Answer<string>;
}

interface TimedLine {
  readonly node: string;
  /** Milliseconds since 1970; −∞ before the first timestamp. */
  readonly atMs: number;
  /** The fraction of the second in nine digits, so that texts compare like numbers. */
  readonly fraction: string;
  readonly text: string;
}

/** A timestamp of the engine: RFC 3339 with a fraction of up to nine digits. Some engines use their own time zone. */
const TIMESTAMP = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d) ?(.*)$/;

/**
 * Merges the lines of all nodes in the order in which the engine received them. Each line starts with its time and the name of
 * its node. The timestamps are those of the engine, because it has one clock and stamps lines of any format. The lines of one
 * node keep their order, and a line without a timestamp follows the line before it.
 */
export function mergeLogs(logs: readonly NodeLog[]): readonly string[] {
  const width = Math.max(0, ...logs.map(({ node }) => node.length));
  const missing = logs.flatMap(({ node, log }) =>
    log.kind === "missing" ? [`${node}: no log (${log.reason})`] : [],
  );
  const lines = logs
    .flatMap(({ node, log }) => (log.kind === "answered" ? timedLines(node, log.value) : []))
    // The sort is stable, so lines of the same time keep the order of the nodes.
    .toSorted((a, b) => compare(a, b))
    .map(({ node, atMs, fraction, text }) =>
      `${formatTime(atMs, fraction)} ${node.padEnd(width)} ${text}`.trimEnd(),
    );
  return [...missing, ...lines];
}

function timedLines(node: string, log: string): readonly TimedLine[] {
  const lines: TimedLine[] = [];
  let last = { atMs: Number.NEGATIVE_INFINITY, fraction: "" };
  for (const line of log.split(/\r?\n/)) {
    const [, second, digits = "", zone = "", text] = TIMESTAMP.exec(line) ?? [];
    const atMs = Date.parse(`${second}${zone}`);
    if (text === undefined || Number.isNaN(atMs)) {
      if (line !== "") lines.push({ node, ...last, text: line });
      continue;
    }
    const moment = { atMs, fraction: digits.padEnd(9, "0") };
    // The lines of stdout and stderr of one container may have timestamps out of order.
    if (compare(moment, last) > 0) last = moment;
    lines.push({ node, ...last, text });
  }
  return lines;
}

type Moment = Pick<TimedLine, "atMs" | "fraction">;

function compare(a: Moment, b: Moment): number {
  if (a.atMs !== b.atMs) return a.atMs < b.atMs ? -1 : 1;
  return a.fraction === b.fraction ? 0 : a.fraction < b.fraction ? -1 : 1;
}

function formatTime(atMs: number, fraction: string): string {
  if (!Number.isFinite(atMs)) return "?".padEnd(24);
  return `${new Date(atMs).toISOString().slice(0, 19)}.${fraction.slice(0, 3)}Z`;
}
