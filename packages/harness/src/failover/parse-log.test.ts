import { expect, test } from "vitest";
import { type LogEvent, parseLogLine, parseLogText } from "./parse-log.ts";

const A = "d5779acef8133cd365963d2e030f3a6aeb6cef11";
const B = "8bd8a7ab58436c5a6221e19b385e968cf245ff63";

// Log lines of failovers of processes without containers: Redis 7.0.15, Redis 8.0, and Valkey 8.1 and 9.1 from Debian. Redis 6.2
// logs the same as 7.0. All ids are replaced by two.
const CAPTURED: readonly (readonly [string, string, LogEvent])[] = [
  ["Redis 7.0", `Marking node ${A} as failing (quorum reached).`, { kind: "failed", about: A, by: "quorum" }],
  [
    "Redis 8.0",
    `Marking node ${A} () as failing (quorum reached).`,
    { kind: "failed", about: A, by: "quorum" },
  ],
  [
    "Valkey 9",
    `Marking node ${A} (127.0.0.1:21300) as failing (quorum reached).`,
    { kind: "failed", about: A, by: "quorum" },
  ],
  ["Redis 7.0", `FAIL message received from ${B} about ${A}`, { kind: "failed", about: A, by: "message" }],
  [
    "Redis 8.0",
    `FAIL message received from ${B} () about ${A} ()`,
    { kind: "failed", about: A, by: "message" },
  ],
  [
    "Valkey 9",
    `FAIL message received from ${B} (127.0.0.1:21302) about ${A} (127.0.0.1:21300)`,
    { kind: "failed", about: A, by: "message" },
  ],
  ["Redis 7.0, loglevel debug", `*** NODE ${A} possibly failing`, { kind: "suspected", about: A }],
  ["Valkey 8.1", `NODE ${A} () possibly failing.`, { kind: "suspected", about: A }],
  [
    "Redis 7.0",
    `Clear FAIL state for node ${A}:replica is reachable again.`,
    { kind: "reachable-again", about: A },
  ],
  [
    "Redis 8.0",
    `Clear FAIL state for node ${A} (): master without slots is reachable again.`,
    { kind: "reachable-again", about: A },
  ],
  [
    "Redis 7.0",
    "Start of election delayed for 971 milliseconds (rank #0, offset 289).",
    { kind: "election-scheduled", delayMs: 971, rank: 0, offset: 289 },
  ],
  [
    "Valkey 8.1",
    "Start of election delayed for 830 milliseconds (rank #1, primary rank #0, offset 247).",
    { kind: "election-scheduled", delayMs: 830, rank: 1, offset: 247 },
  ],
  [
    "Redis 6.2",
    "Replica rank updated to #1, added 1000 milliseconds of delay.",
    { kind: "election-moved", addedMs: 1000 },
  ],
  [
    "Valkey 9",
    "Failed primary rank updated to #0, added -33 milliseconds of delay.",
    { kind: "election-moved", addedMs: -33 },
  ],
  [
    "Valkey 9.1",
    "This is the best ranked replica and can initiate the election immediately.",
    { kind: "election-at-once" },
  ],
  [
    "Valkey 9.1",
    "Myself become the best ranked replica, initiate the election immediately.",
    { kind: "election-at-once" },
  ],
  ["Redis 7.0", "Starting a failover election for epoch 8.", { kind: "election-started", epoch: 8 }],
  [
    "Valkey 9",
    "Starting a failover election for epoch 8, node config epoch is 1",
    { kind: "election-started", epoch: 8 },
  ],
  ["Redis 7.0", `Failover auth granted to ${B} for epoch 8`, { kind: "vote-granted", to: B, epoch: 8 }],
  ["Redis 8.0", `Failover auth granted to ${B} () for epoch 8`, { kind: "vote-granted", to: B, epoch: 8 }],
  [
    "Valkey 9",
    `Failover auth granted to ${B} (127.0.0.1:21304) for epoch 8`,
    { kind: "vote-granted", to: B, epoch: 8 },
  ],
  [
    "Redis 7.0",
    `Failover auth denied to ${B}: its master is up`,
    { kind: "vote-denied", to: B, reason: "its master is up" },
  ],
  [
    "Redis 8.0",
    `Failover auth denied to ${B} (): slot 7 epoch (9) > reqEpoch (8)`,
    { kind: "vote-denied", to: B, reason: "slot 7 epoch (9) > reqEpoch (8)" },
  ],
  [
    "Redis 7.2, name without brackets",
    `Failover auth denied to ${B} : can't vote about this master before 312 milliseconds`,
    { kind: "vote-denied", to: B, reason: "can't vote about this master before 312 milliseconds" },
  ],
  [
    "Valkey 9",
    `Failover auth denied to ${B} (127.0.0.1:21304) for epoch 8: its primary is up`,
    { kind: "vote-denied", to: B, reason: "its primary is up" },
  ],
  [
    "Redis 7.4",
    "Needed quorum: 2. Number of votes received so far: 1",
    { kind: "votes-counted", needed: 2, received: 1 },
  ],
  ["Redis 7.0", "Failover election won: I'm the new master.", { kind: "elected" }],
  ["Valkey 8.1", "Failover election won: I'm the new primary.", { kind: "elected" }],
  ["Redis 7.0", "configEpoch set to 8 after successful failover", { kind: "epoch-claimed", epoch: 8 }],
  [
    "Redis 7.0",
    "Currently unable to failover: Waiting for votes, but majority still not reached.",
    { kind: "unable", reason: "Waiting for votes, but majority still not reached." },
  ],
  ["Redis 7.0", `Manual failover requested by replica ${B}.`, { kind: "manual", step: "requested" }],
  ["Redis 7.0", "Manual failover user request accepted.", { kind: "manual", step: "accepted" }],
  [
    "Valkey 9",
    "Manual failover user request accepted (user request from 'id=3 addr=127.0.0.1:5000').",
    { kind: "manual", step: "accepted" },
  ],
  ["Redis 7.0", "Forced failover user request accepted.", { kind: "manual", step: "forced" }],
  ["Redis 7.0", "Taking over the master (user request).", { kind: "manual", step: "takeover" }],
  ["Valkey 8.0", "Taking over the primary (user request from 'id=3').", { kind: "manual", step: "takeover" }],
  [
    "Redis 7.0",
    "All master replication stream processed, manual failover can start.",
    { kind: "manual", step: "synced" },
  ],
  ["Redis 7.0", "Manual failover timed out.", { kind: "manual", step: "expired" }],
  ["Redis 7.0", "Cluster state changed: fail", { kind: "state", state: "fail" }],
  [
    "Redis 7.0",
    `Configuration change detected. Reconfiguring myself as a replica of ${B}`,
    { kind: "demoted", to: B },
  ],
  [
    "Valkey 8.1",
    `Configuration change detected. Reconfiguring myself as a replica of node ${B} () in shard ${A}`,
    { kind: "demoted", to: B },
  ],
];

test.each(CAPTURED)("parses a line of %s: %s", (_, text, event) => {
  expect(parseLogText(text)).toEqual(event);
});

test.each([
  "Connection with master lost.",
  "Caching the disconnected master state.",
  `A failover occurred in shard ${A}; node ${A} () lost 0 slot(s) to node ${B} () with a config epoch of 7`,
  `Reconfiguring node ${B} (127.0.0.1:21304) as primary for shard ${A}`,
  `Ignoring FAIL message from unknown node ${B} about ${A}`,
  "Received replication offset for paused master manual failover: 93",
])("ignores a line about something else: %s", (text) => {
  expect(parseLogText(text)).toBeUndefined();
});

test("reads the time of a line as UTC, with any role and log level", () => {
  const line = parseLogLine(
    "8407:S 24 Nov 2026 03:39:38.132 # Start of election delayed for 971 milliseconds (rank #0, offset 289).\r",
  );
  expect(line).toEqual({
    writtenMs: Date.UTC(2026, 10, 24, 3, 39, 38, 132),
    text: "Start of election delayed for 971 milliseconds (rank #0, offset 289).",
    event: { kind: "election-scheduled", delayMs: 971, rank: 0, offset: 289 },
  });
  expect(parseLogLine("1:M 02 Jan 2026 00:00:00.000 * Cluster state changed: ok")).toMatchObject({
    writtenMs: Date.UTC(2026, 0, 2),
    event: { kind: "state", state: "ok" },
  });
});

test.each([
  "",
  "Cluster state changed: ok",
  "1:M 24 Foo 2026 03:39:38.132 * Cluster state changed: ok",
  'pid=1 role=primary timestamp="24 Nov 2026 03:39:38.132" level=notice message="Cluster state changed: ok"',
])("ignores a line that is not in the default format: %j", (line) => {
  expect(parseLogLine(line)).toBeUndefined();
});
