import type { Answer } from "./answer.ts";

/** What one node printed, each line after the engine's stamp. */
export interface NodeLog {
  readonly node: string;
  readonly log: Answer<string>;
}

interface StampedLine {
  readonly node: string;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** The part of a second, nine digits, so that texts compare as numbers do. */
  readonly fraction: string;
  readonly text: string;
}

/** The engine's stamps: RFC 3339 with up to nine digits of a second, by some engines in their own zone. */
const STAMP = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d) ?(.*)$/;

/**
 * The lines of all nodes in the order in which the engine took them, each after its time and its node's name. The
 * engine has one clock, and stamps also what a server writes in a format of its own. A node's own lines keep their
 * order; one without a stamp stays behind the line before it.
 */
export function mergeLogs(logs: readonly NodeLog[]): readonly string[] {
  const width = Math.max(0, ...logs.map(({ node }) => node.length));
  const missing = logs.flatMap(({ node, log }) =>
    log.kind === "missing" ? [`${node}: no log (${log.reason})`] : [],
  );
  const lines = logs
    .flatMap(({ node, log }) => (log.kind === "answered" ? stampedLines(node, log.value) : []))
    // Stable: lines of one moment stay in the order of the nodes.
    .toSorted((a, b) => compare(a, b))
    .map(({ node, atMs, fraction, text }) =>
      `${time(atMs, fraction)} ${node.padEnd(width)} ${text}`.trimEnd(),
    );
  return [...missing, ...lines];
}

function stampedLines(node: string, log: string): readonly StampedLine[] {
  const lines: StampedLine[] = [];
  let last = { atMs: Number.NEGATIVE_INFINITY, fraction: "" };
  for (const line of log.split(/\r?\n/)) {
    const [, second, digits = "", zone = "", text] = STAMP.exec(line) ?? [];
    const atMs = Date.parse(`${second}${zone}`);
    if (text === undefined || Number.isNaN(atMs)) {
      if (line !== "") lines.push({ node, ...last, text: line });
      continue;
    }
    const stamp = { atMs, fraction: digits.padEnd(9, "0") };
    // Two streams of one container may be stamped out of order.
    if (compare(stamp, last) > 0) last = stamp;
    lines.push({ node, ...last, text });
  }
  return lines;
}

type Moment = Pick<StampedLine, "atMs" | "fraction">;

function compare(a: Moment, b: Moment): number {
  if (a.atMs !== b.atMs) return a.atMs < b.atMs ? -1 : 1;
  return a.fraction === b.fraction ? 0 : a.fraction < b.fraction ? -1 : 1;
}

function time(atMs: number, fraction: string): string {
  if (!Number.isFinite(atMs)) return "?".padEnd(24);
  return `${new Date(atMs).toISOString().slice(0, 19)}.${fraction.slice(0, 3)}Z`;
}
