import { expect, test } from "vitest";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import type { NodeView } from "../view/cluster-view.ts";
import { parseClusterNodes } from "../view/parse-nodes.ts";
import { formatFailover } from "./format-failover.ts";
import { parseLogLine } from "./parse-log.ts";
import { phasesOf, recoveredAt } from "./phases.ts";
import { Recorder } from "./recorder.ts";
import { report } from "./report.ts";
import { shardsOf } from "./shards.ts";

const IDS = ["a", "b", "c", "d", "e", "f"].map((letter) => letter.repeat(40));
const [A = "", B = "", C = "", D = "", E = "", F = ""] = IDS;
// The planned parts that are read: three shards of two nodes.
const PLAN = {
  nodeTimeoutMs: 1000,
  nodes: IDS.map((id, index) => ({ index, id, name: `node-${index}`, shard: index % 3 })),
} as unknown as ClusterPlan;
const REDIS = { server: "redis", version: "7.0.15", major: 7, minor: 0 } as const;

const HEALTHY: Readonly<Record<string, string>> = {
  [A]: "master - 0 0 1 connected 0-5460",
  [B]: "master - 0 0 2 connected 5461-10922",
  [C]: "master - 0 0 3 connected 10923-16383",
  [D]: `slave ${A} 0 0 1 connected`,
  [E]: `slave ${B} 0 0 2 connected`,
  [F]: `slave ${C} 0 0 3 connected`,
};

function says(index: number, changes: Readonly<Record<string, string>> = {}, state = "ok"): NodeView {
  const lines = Object.entries({ ...HEALTHY, ...changes }).map(
    ([id, rest]) =>
      `${id} 10.0.0.${IDS.indexOf(id) + 2}:6379@16379 ${id === IDS[index] ? "myself," : ""}${rest}`,
  );
  return {
    kind: "answered",
    node: `node-${index}`,
    state,
    currentEpoch: 6,
    members: parseClusterNodes(lines.join("\n")),
    inSync: true,
  };
}

function silent(index: number): NodeView {
  return { kind: "silent", node: `node-${index}`, reason: "away" };
}

function recorder(): Recorder {
  const views = new Map(IDS.map((_, index) => [`node-${index}`, says(index)]));
  return new Recorder(PLAN, shardsOf(views, PLAN), views);
}

const PROMOTED = {
  [A]: "master,fail - 0 0 1 disconnected",
  [D]: "master - 0 0 8 connected 0-5460",
};

test("a killed primary is suspected, declared dead, replaced, agreed upon and back", () => {
  const recorded = recorder();
  const [record] = recorded.records;
  recorded.onView(silent(0), 1_010);
  expect(record?.wasTroubled).toBe(true);
  recorded.onView(says(1, { [A]: "master,fail? - 0 0 1 disconnected 0-5460" }), 2_100);
  recorded.onView(says(2, { [A]: "master,fail - 0 0 1 disconnected 0-5460" }, "fail"), 2_300);
  recorded.onView(says(3, PROMOTED, "fail"), 3_010);
  expect(record).toMatchObject({ promotion: { name: "node-3", id: D, epoch: 8 }, servingAt: undefined });
  recorded.onView(says(3, PROMOTED), 3_020);
  for (const [index, atMs] of [
    [1, 3_030],
    [2, 3_040],
    [4, 3_050],
    [5, 3_060],
  ] as const) {
    expect(record?.agreedAt).toBeUndefined();
    recorded.onView(says(index, PROMOTED), atMs);
  }
  const back = { ...PROMOTED, [A]: `slave ${D} 0 0 8 connected` };
  recorded.onView(says(0, back), 5_000);
  expect(record?.backAt).toBeUndefined();
  for (const index of [1, 2, 3, 4, 5]) recorded.onView(says(index, back), 5_100 + index);
  expect(record).toMatchObject({
    suspected: { atMs: 2_100, node: "node-1" },
    failed: { atMs: 2_300, node: "node-2" },
    servingAt: 3_020,
    agreedAt: 3_060,
    backAt: 5_105,
  });
  expect(recorded.events).toContainEqual({
    atMs: 2_100,
    node: "node-1",
    kind: "flag",
    text: "flags node-0 as fail?",
  });
});

test("a primary that takes slots over by a migration is not promoted", () => {
  const recorded = recorder();
  const moved = { [A]: "master - 0 0 1 connected", [B]: "master - 0 0 9 connected 0-10922" };
  for (const index of [0, 1, 2, 3, 4, 5]) recorded.onView(says(index, moved), 1_000);
  expect(recorded.records.map(({ promotion }) => promotion)).toEqual([undefined, undefined, undefined]);
});

test("a deposed primary that is cut off does not keep the others from agreeing", () => {
  const recorded = recorder();
  const alone = {
    [B]: "master,fail? - 0 0 2 connected 5461-10922",
    [C]: "master,fail? - 0 0 3 connected 10923-16383",
  };
  recorded.onView(says(0, alone, "fail"), 1_000);
  for (const index of [1, 2, 3, 4, 5]) recorded.onView(says(index, PROMOTED), 2_000 + index);
  expect(recorded.records[0]?.agreedAt).toBe(2_005);
});

// As a Redis 7.0.15 on bare processes wrote it, ids aside; the primary was killed at 36.319.
const LOGS: readonly (readonly [number, string])[] = [
  [4, `8386:S 24 Nov 2026 03:39:38.038 * Marking node ${A} as failing (quorum reached).`],
  [1, `8388:M 24 Nov 2026 03:39:38.038 * FAIL message received from ${E} about ${A}`],
  [
    3,
    "8407:S 24 Nov 2026 03:39:38.132 # Start of election delayed for 971 milliseconds (rank #0, offset 289).",
  ],
  [3, "8407:S 24 Nov 2026 03:39:39.138 # Starting a failover election for epoch 8."],
  [1, `8388:M 24 Nov 2026 03:39:39.139 # Failover auth granted to ${D} for epoch 8`],
  [2, `8395:M 24 Nov 2026 03:39:39.139 # Failover auth granted to ${D} for epoch 8`],
  [3, "8407:S 24 Nov 2026 03:39:39.139 # Failover election won: I'm the new master."],
];
const KILLED = Date.UTC(2026, 10, 24, 3, 39, 36, 319);

function withLogs(): Recorder {
  const recorded = recorder();
  for (const [index, text] of LOGS) {
    const line = parseLogLine(text);
    if (line !== undefined) recorded.onLine({ ...line, node: `node-${index}`, atMs: line.writtenMs });
  }
  recorded.onView(silent(0), KILLED + 12);
  recorded.onView(says(1, { [A]: "master,fail? - 0 0 1 disconnected 0-5460" }), KILLED + 1_411);
  for (const index of [1, 2, 3, 4, 5]) recorded.onView(says(index, PROMOTED), KILLED + 2_830 + index);
  // The first of these was on its way when the primary died, the second reached the new one before a view showed it.
  recorded.records[0]?.writtenAt.push(KILLED + 1, KILLED + 2_824, KILLED + 2_834);
  return recorded;
}

test("the phases are those of the logs where these tell, else those of the views", () => {
  const recorded = withLogs();
  const [record] = recorded.records;
  if (record === undefined) throw new Error("no shard");
  expect(phasesOf(record, recorded.lines, KILLED, 3)).toEqual({
    suspectedMs: 1411,
    suspectedBy: "node-1",
    failedMs: 1719,
    failedBy: "node-4",
    electionScheduledMs: 1813,
    announcedDelayMs: 971,
    electionStartedMs: 2819,
    votesMs: 2820,
    electedMs: 2820,
    servingMs: 2833,
    agreedMs: 2835,
    recoveredMs: 2824,
    rejoinedMs: undefined,
  });
  // Without logs the write counts from when the promotion was seen.
  expect(recoveredAt(record, [])).toBe(KILLED + 2_834);
});

test("the report has every node with its role and shard before the fault", () => {
  const views = new Map(IDS.map((_, index) => [`node-${index}`, says(index)]));
  // node-4 is away already, and its primary still counts on it; node-6 never said anything.
  views.set("node-4", silent(4));
  const plan = {
    ...PLAN,
    nodes: [...PLAN.nodes, { index: 6, id: "9".repeat(40), name: "node-6" }],
  } as unknown as ClusterPlan;
  const recorded = new Recorder(plan, shardsOf(views, plan), views);
  recorded.onView(says(3, PROMOTED), KILLED + 2_830);
  expect(report({ plan }, recorded, REDIS, KILLED).nodes).toEqual([
    { name: "node-0", roleBefore: "primary", shard: 0 },
    { name: "node-1", roleBefore: "primary", shard: 1 },
    { name: "node-2", roleBefore: "primary", shard: 2 },
    { name: "node-3", roleBefore: "replica", shard: 0 },
    { name: "node-4", roleBefore: "replica", shard: 1 },
    { name: "node-5", roleBefore: "replica", shard: 2 },
    { name: "node-6", roleBefore: undefined, shard: undefined },
  ]);
});

test("the report names both nodes, and its text is aligned", () => {
  const failover = report({ plan: PLAN }, withLogs(), REDIS, KILLED);
  expect(failover).toMatchObject({
    failed: { name: "node-0" },
    promoted: { name: "node-3", id: D },
    shard: 0,
    slots: [{ first: 0, last: 5460 }],
    epochBefore: 1,
    epochAfter: 8,
    manual: false,
    others: [],
    since: KILLED,
    // One write was on its way when the primary died.
    lastWriteMs: 1,
  });
  expect(failover.events.map(({ text }) => text)).toContain("FAIL message received from node-4 about node-0");
  expect(formatFailover(failover)).toBe(
    `
node-0 → node-3   slots 0-5460   epoch 1 → 8
  suspected         1411 ms  by node-1, expected 1000–1700
  declared dead     1719 ms  by node-4, expected 1000–2300
  election planned  1813 ms  waits 971 ms, expected 500–1000
  election started  2819 ms
  votes given       2820 ms
  elected           2820 ms  node-3, expected 1500–3500
  first write       2824 ms
  seen to serve     2833 ms
  all agree         2835 ms`.trimStart(),
  );
});
