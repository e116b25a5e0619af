import {
  ELECTION_AT_ONCE,
  ELECTION_SCHEDULED,
  ELECTION_STARTED,
  ELECTION_WON,
} from "../view/election-lines.ts";

/** One line of a server's log that says something about a failover, without its time. Ids are node ids. */
export type LogEvent =
  /** It misses a pong and counts the node as failing. At the default log level from Valkey 8.1 on only. */
  | { readonly kind: "suspected"; readonly about: string }
  /** A majority of primaries counts the node as dead: it counted them itself, or was told. */
  | { readonly kind: "failed"; readonly about: string; readonly by: "quorum" | "message" }
  | { readonly kind: "reachable-again"; readonly about: string }
  | {
      readonly kind: "election-scheduled";
      readonly delayMs: number;
      readonly rank: number;
      readonly offset: number;
    }
  /** A sibling or another shard goes first, or no longer does; negative where the wait became shorter. */
  | { readonly kind: "election-moved"; readonly addedMs: number }
  /** Valkey 9.1: nobody has better data, so there is nothing to wait for. */
  | { readonly kind: "election-at-once" }
  | { readonly kind: "election-started"; readonly epoch: number }
  | { readonly kind: "vote-granted"; readonly to: string; readonly epoch: number }
  | { readonly kind: "vote-denied"; readonly to: string; readonly reason: string }
  | { readonly kind: "votes-counted"; readonly needed: number; readonly received: number }
  | { readonly kind: "elected" }
  | { readonly kind: "epoch-claimed"; readonly epoch: number }
  | { readonly kind: "unable"; readonly reason: string }
  /** A step of CLUSTER FAILOVER. `takeover` makes the node a primary there and then. */
  | {
      readonly kind: "manual";
      readonly step: "requested" | "accepted" | "forced" | "takeover" | "synced" | "expired";
    }
  | { readonly kind: "state"; readonly state: "ok" | "fail" }
  | { readonly kind: "demoted"; readonly to: string };

/** A log line that says something about a failover. */
export interface LogLine {
  /** The line's own time read as if it were UTC: the line does not say in which zone it was written. */
  readonly writtenMs: number;
  /** The server's words after its time and level mark. */
  readonly text: string;
  readonly event: LogEvent;
}

// `pid:role 24 Nov 2026 02:14:44.741 * text` (serverLogRaw in server.c); the month is English in every locale
// because the server takes a locale for collation only.
const PREFIX = /^\d+:[A-Z] (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2})\.(\d{3}) [.\-*#] (.*)$/;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/**
 * Reads a line of Redis 6.2 to 8 or Valkey in the default format. Undefined for every line that is about something
 * else, and for lines of another `log-format` (Valkey 8.1): a timeline without server times is the worst that follows.
 */
export function parseLogLine(line: string): LogLine | undefined {
  const [, day, month = "", year, hours, minutes, seconds, millis, text = ""] =
    PREFIX.exec(line.trimEnd()) ?? [];
  const monthIndex = MONTHS.indexOf(month);
  if (monthIndex === -1) return undefined;
  const event = parseLogText(text);
  if (event === undefined) return undefined;
  const writtenMs = Date.UTC(
    Number(year),
    monthIndex,
    Number(day),
    Number(hours),
    Number(minutes),
    Number(seconds),
    Number(millis),
  );
  return { writtenMs, text, event };
}

type Reader = (groups: readonly string[]) => LogEvent;

// From 7.2 on a node's human name stands in brackets after its id (`human_nodename` in cluster_legacy.c).
const READERS: readonly (readonly [RegExp, Reader])[] = [
  [/^(?:\*\*\* )?NODE ([0-9a-f]{40})\b.* possibly failing/, ([about = ""]) => ({ kind: "suspected", about })],
  [
    /^Marking node ([0-9a-f]{40})\b.* as failing \(quorum reached\)/,
    ([about = ""]) => ({ kind: "failed", about, by: "quorum" }),
  ],
  [
    /^FAIL message received from [0-9a-f]{40}\b.* about ([0-9a-f]{40})\b/,
    ([about = ""]) => ({ kind: "failed", about, by: "message" }),
  ],
  [/^Clear FAIL state for node ([0-9a-f]{40})\b/, ([about = ""]) => ({ kind: "reachable-again", about })],
  [
    ELECTION_SCHEDULED,
    ([delay, rank, offset]) => ({
      kind: "election-scheduled",
      delayMs: Number(delay),
      rank: Number(rank),
      offset: Number(offset),
    }),
  ],
  [
    /^(?:Replica|Slave|Failed primary) rank updated to #\d+, added (-?\d+) milliseconds of delay/,
    ([added]) => ({ kind: "election-moved", addedMs: Number(added) }),
  ],
  [ELECTION_AT_ONCE, () => ({ kind: "election-at-once" })],
  [ELECTION_STARTED, ([epoch]) => ({ kind: "election-started", epoch: Number(epoch) })],
  [
    /^Failover auth granted to ([0-9a-f]{40})\b.* for epoch (\d+)/,
    ([to = "", epoch]) => ({ kind: "vote-granted", to, epoch: Number(epoch) }),
  ],
  [
    /^Failover auth denied to ([0-9a-f]{40})\b(?: \([^)]*\)| [^:]*?)?(?: for epoch \d+)?: (.*)$/,
    ([to = "", reason = ""]) => ({ kind: "vote-denied", to, reason }),
  ],
  [
    /^Needed quorum: (\d+)\. Number of votes received so far: (\d+)/,
    ([needed, received]) => ({ kind: "votes-counted", needed: Number(needed), received: Number(received) }),
  ],
  [ELECTION_WON, () => ({ kind: "elected" })],
  [
    /^configEpoch set to (\d+) after successful failover/,
    ([epoch]) => ({ kind: "epoch-claimed", epoch: Number(epoch) }),
  ],
  [/^Currently unable to failover: (.*)$/, ([reason = ""]) => ({ kind: "unable", reason })],
  [/^Manual failover requested by (?:replica|slave) /, () => ({ kind: "manual", step: "requested" })],
  [/^Manual failover user request accepted/, () => ({ kind: "manual", step: "accepted" })],
  [/^Forced failover user request accepted/, () => ({ kind: "manual", step: "forced" })],
  [/^Taking over the (?:master|primary) \(user request/, () => ({ kind: "manual", step: "takeover" })],
  [/^All (?:master|primary) replication stream processed/, () => ({ kind: "manual", step: "synced" })],
  [/^Manual failover timed out/, () => ({ kind: "manual", step: "expired" })],
  [
    /^Cluster state changed: (ok|fail)\b/,
    ([state]) => ({ kind: "state", state: state === "ok" ? "ok" : "fail" }),
  ],
  [
    /Reconfiguring myself as a replica of (?:node )?([0-9a-f]{40})\b/,
    ([to = ""]) => ({ kind: "demoted", to }),
  ],
];

/** Reads what a server says after its time and level mark. */
export function parseLogText(text: string): LogEvent | undefined {
  for (const [pattern, read] of READERS) {
    const match = pattern.exec(text);
    if (match !== null) return read(match.slice(1));
  }
  return undefined;
}
