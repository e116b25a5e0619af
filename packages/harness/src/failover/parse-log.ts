import {
  ELECTION_AT_ONCE,
  ELECTION_SCHEDULED,
  ELECTION_STARTED,
  ELECTION_WON,
} from "../view/election-lines.ts";

/** The content of a server's log line about a failover, without its time. Ids are node ids. */
export type LogEvent =
  /** The server has not received a pong and suspects the node. At the default log level only from Valkey 8.1 on. */
  | { readonly kind: "suspected"; readonly about: string }
  /** A majority of the primaries declared the node failed. The server counted the majority, or received a message about it. */
  | { readonly kind: "failed"; readonly about: string; readonly by: "quorum" | "message" }
  | { readonly kind: "reachable-again"; readonly about: string }
  | {
      readonly kind: "election-scheduled";
      readonly delayMs: number;
      readonly rank: number;
      readonly offset: number;
    }
  /** Another replica or another shard goes first, or no longer does. Negative if the delay became shorter. */
  | { readonly kind: "election-moved"; readonly addedMs: number }
  /** Valkey 9.1: no other replica has newer data, so the server does not wait. */
  | { readonly kind: "election-at-once" }
  | { readonly kind: "election-started"; readonly epoch: number }
  | { readonly kind: "vote-granted"; readonly to: string; readonly epoch: number }
  | { readonly kind: "vote-denied"; readonly to: string; readonly reason: string }
  | { readonly kind: "votes-counted"; readonly needed: number; readonly received: number }
  | { readonly kind: "elected" }
  | { readonly kind: "epoch-claimed"; readonly epoch: number }
  | { readonly kind: "unable"; readonly reason: string }
  /** A step of CLUSTER FAILOVER. With `takeover` the node becomes a primary immediately. */
  | {
      readonly kind: "manual";
      readonly step: "requested" | "accepted" | "forced" | "takeover" | "synced" | "expired";
    }
  | { readonly kind: "state"; readonly state: "ok" | "fail" }
  | { readonly kind: "demoted"; readonly to: string };

/** A log line about a failover. */
export interface LogLine {
  /** The time in the line, in milliseconds since the epoch, read as UTC. The line does not contain its time zone. */
  readonly writtenMs: number;
  /** The text after the time and the mark of the log level. */
  readonly text: string;
  readonly event: LogEvent;
}

// `pid:role 24 Nov 2026 02:14:44.741 * text` (serverLogRaw in server.c). The month is English in every locale, because the server
// uses the locale only for collation.
const PREFIX = /^\d+:[A-Z] (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2})\.(\d{3}) [.\-*#] (.*)$/;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/**
 * Parses a log line of Redis 6.2 to 8 or Valkey in the default format. Returns undefined for lines about something else and for
 * lines in another `log-format` (Valkey 8.1). Without these lines the timeline only lacks the times of the servers.
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

type CreateEvent = (groups: readonly string[]) => LogEvent;

// From 7.2 on the name of a node follows its id in brackets (`human_nodename` in cluster_legacy.c).
const PATTERNS: readonly (readonly [RegExp, CreateEvent])[] = [
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

/** Parses the text of a log line after the time and the mark of the log level. */
export function parseLogText(text: string): LogEvent | undefined {
  for (const [pattern, createEvent] of PATTERNS) {
    const match = pattern.exec(text);
    if (match !== null) return createEvent(match.slice(1));
  }
  return undefined;
}
