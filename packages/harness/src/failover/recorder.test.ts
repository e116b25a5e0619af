import { expect, test } from "vitest";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import type { NodeView } from "../view/node-view.ts";
import { parseClusterNodes } from "../view/parse-cluster-nodes.ts";
import { promotedReplica } from "../checks/failover-checks.ts";
import { report } from "../report/failover-report.ts";
import type { Acknowledgement } from "./acknowledgements.ts";
import { buildFailover } from "./build-failover.ts";
import { findContradictions } from "./contradictions.ts";
import { formatFailover } from "./format-failover.ts";
import { parseLogLine, parseLogText } from "./parse-log.ts";
import { computePhases, electedAt, lastWriteBeforePromotion, lateWrites, recoveredAt } from "./phases.ts";
import { Recorder, type ShardRecord } from "./recorder.ts";
import { findShards } from "./shards.ts";

const IDS = ["a", "b", "c", "d", "e", "f"].map((letter) => letter.repeat(40));
const [A = "", B = "", C = "", D = "", E = "", F = ""] = IDS;
// The parts of a plan that the recorder reads: three shards of two nodes.
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

function viewOf(index: number, changes: Readonly<Record<string, string>> = {}, state = "ok"): NodeView {
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

function silentView(index: number): NodeView {
  return { kind: "silent", node: `node-${index}`, reason: "away" };
}

/** @param startedAt a time before everything that a test records. */
function createRecorder(startedAt = 0): Recorder {
  const views = new Map(IDS.map((_, index) => [`node-${index}`, viewOf(index)]));
  return new Recorder(PLAN, findShards(views, PLAN), views, { startedAt });
}

/** Returns a write that a node executed and acknowledged at the same time. */
function acknowledged(node: number, atMs: number): Acknowledgement {
  return { node: `node-${node}`, atMs, executedAt: atMs };
}

const PROMOTED = {
  [A]: "master,fail - 0 0 1 disconnected",
  [D]: "master - 0 0 8 connected 0-5460",
};

test("records each step from the silence of a killed primary to its return", () => {
  const recorder = createRecorder();
  const [record] = recorder.records;
  recorder.onView(silentView(0), 1_010);
  expect(record?.unhealthyAt).toBe(1_010);
  recorder.onView(viewOf(1, { [A]: "master,fail? - 0 0 1 disconnected 0-5460" }), 2_100);
  recorder.onView(viewOf(2, { [A]: "master,fail - 0 0 1 disconnected 0-5460" }, "fail"), 2_300);
  recorder.onView(viewOf(3, PROMOTED, "fail"), 3_010);
  expect(record).toMatchObject({ promotion: { name: "node-3", id: D, epoch: 8 }, servingAt: undefined });
  recorder.onView(viewOf(3, PROMOTED), 3_020);
  for (const [index, atMs] of [
    [1, 3_030],
    [2, 3_040],
    [4, 3_050],
    [5, 3_060],
  ] as const) {
    expect(record?.agreedAt).toBeUndefined();
    recorder.onView(viewOf(index, PROMOTED), atMs);
  }
  const back = { ...PROMOTED, [A]: `slave ${D} 0 0 8 connected` };
  recorder.onView(viewOf(0, back), 5_000);
  expect(record?.rejoinedAt).toBeUndefined();
  for (const index of [1, 2, 3, 4, 5]) recorder.onView(viewOf(index, back), 5_100 + index);
  expect(record).toMatchObject({
    servingAt: 3_020,
    agreedAt: 3_060,
    rejoinedAt: 5_105,
  });
  expect(computePhases(record as ShardRecord, recorder, 1_000, 3)).toMatchObject({
    suspectedMs: 1_100,
    suspectedBy: "node-1",
    failedMs: 1_300,
    failedBy: "node-2",
  });
  expect(recorder.events).toContainEqual({
    atMs: 2_100,
    node: "node-1",
    kind: "flag",
    text: "flags node-0 as fail?",
  });
});

test("a view counts from its request, and silence from its detection", () => {
  const recorder = createRecorder();
  expect(recorder.hasSeenAllSince(1_000)).toBe(false);
  for (const index of [1, 2, 3, 4, 5]) recorder.onView(viewOf(index), 1_030, 1_010);
  recorder.onView(viewOf(0), 1_030, 990);
  expect(recorder.hasSeenAllSince(1_000)).toBe(false);
  recorder.onView(silentView(0), 1_030, 990);
  expect(recorder.hasSeenAllSince(1_000)).toBe(true);
  expect(recorder.hasSeenAllSince(1_010)).toBe(false);
});

test("a primary that receives slots by a migration is not promoted", () => {
  const recorder = createRecorder();
  const moved = { [A]: "master - 0 0 1 connected", [B]: "master - 0 0 9 connected 0-10922" };
  for (const index of [0, 1, 2, 3, 4, 5]) recorder.onView(viewOf(index, moved), 1_000);
  expect(recorder.records.map(({ promotion }) => promotion)).toEqual([undefined, undefined, undefined]);
});

test("nodes agree even if the old primary is cut off and disagrees", () => {
  const recorder = createRecorder();
  const isolatedView = {
    [B]: "master,fail? - 0 0 2 connected 5461-10922",
    [C]: "master,fail? - 0 0 3 connected 10923-16383",
  };
  recorder.onView(viewOf(0, isolatedView, "fail"), 1_000);
  for (const index of [1, 2, 3, 4, 5]) recorder.onView(viewOf(index, PROMOTED), 2_000 + index);
  expect(recorder.records[0]?.agreedAt).toBe(2_005);
});

// The log of Redis 7.0.15 without containers, with other ids. The primary was killed at 36.319.
const LOG_LINES: readonly (readonly [number, string])[] = [
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
const KILLED_AT = Date.UTC(2026, 10, 24, 3, 39, 36, 319);

function createRecorderWithLogs(): Recorder {
  const recorder = createRecorder(KILLED_AT - 1_000);
  for (const [index, text] of LOG_LINES) {
    const line = parseLogLine(text);
    if (line !== undefined) recorder.onLogLine({ ...line, node: `node-${index}`, atMs: line.writtenMs });
  }
  recorder.onView(silentView(0), KILLED_AT + 12);
  recorder.onView(viewOf(1, { [A]: "master,fail? - 0 0 1 disconnected 0-5460" }), KILLED_AT + 1_411);
  for (const index of [1, 2, 3, 4, 5]) recorder.onView(viewOf(index, PROMOTED), KILLED_AT + 2_830 + index);
  // The old primary executed its last write shortly before it was killed. The new primary executed its first write before a view
  // showed the promotion.
  recorder.records[0]?.acknowledgements.push(
    acknowledged(0, KILLED_AT + 1),
    acknowledged(3, KILLED_AT + 2_824),
    acknowledged(3, KILLED_AT + 2_834),
  );
  return recorder;
}

test("phases come from the logs if possible, and otherwise from the views", () => {
  const recorder = createRecorderWithLogs();
  const [record] = recorder.records;
  if (record === undefined) throw new Error("The recorder has no shard.");
  expect(computePhases(record, recorder, KILLED_AT, 3)).toEqual({
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
  // Without log lines it is also the first write of the promoted node.
  expect(recoveredAt(record, [])).toBe(KILLED_AT + 2_824);
});

test("the failover lists the role and shard of every node before the fault", () => {
  const views = new Map(IDS.map((_, index) => [`node-${index}`, viewOf(index)]));
  // node-4 is already silent, but its primary still lists it as a replica. node-6 was never observed.
  views.set("node-4", silentView(4));
  const plan = {
    ...PLAN,
    nodes: [...PLAN.nodes, { index: 6, id: "9".repeat(40), name: "node-6" }],
  } as unknown as ClusterPlan;
  const recorder = new Recorder(plan, findShards(views, plan), views, { startedAt: KILLED_AT });
  recorder.onView(viewOf(3, PROMOTED), KILLED_AT + 2_830);
  expect(buildFailover({ plan }, recorder, REDIS, KILLED_AT).nodes).toEqual([
    { name: "node-0", roleBefore: "primary", shard: 0 },
    { name: "node-1", roleBefore: "primary", shard: 1 },
    { name: "node-2", roleBefore: "primary", shard: 2 },
    { name: "node-3", roleBefore: "replica", shard: 0 },
    { name: "node-4", roleBefore: "replica", shard: 1 },
    { name: "node-5", roleBefore: "replica", shard: 2 },
    { name: "node-6", roleBefore: undefined, shard: undefined },
  ]);
});

test("the failover names both nodes, and its text is aligned", () => {
  const failover = buildFailover({ plan: PLAN }, createRecorderWithLogs(), REDIS, KILLED_AT);
  expect(findContradictions(failover)).toEqual([]);
  expect(failover).toMatchObject({
    failed: { name: "node-0" },
    promoted: { name: "node-3", id: D },
    shard: 0,
    slots: [{ first: 0, last: 5460 }],
    epochBefore: 1,
    epochAfter: 8,
    manual: false,
    others: [],
    since: KILLED_AT,
    promotions: [{ name: "node-3", epoch: 8, atMs: 2820 }],
    lastWriteMs: 1,
    acknowledgedByOldPrimary: { count: 0, lastMs: undefined },
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
  seen to serve     2833 ms  expected 1500–3600
  all agree         2835 ms`.trimStart(),
  );
});

/** Records a log line of a node. The text is the part of the line after its time. */
function recordLogLine(recorder: Recorder, node: number, atMs: number, text: string): void {
  const event = parseLogText(text);
  if (event === undefined) throw new Error(`Not a known log line: ${text}`);
  recorder.onLogLine({ node: `node-${node}`, writtenMs: atMs, atMs, text, event });
}

function firstRecord(recorder: Recorder): ShardRecord {
  const [record] = recorder.records;
  if (record === undefined) throw new Error("The recorder has no shard.");
  return record;
}

/** Records the same view of all nodes except the given ones. */
function recordViews(
  recorder: Recorder,
  atMs: number,
  changes: Readonly<Record<string, string>>,
  except: readonly number[],
) {
  for (const index of IDS.keys()) if (!except.includes(index)) recorder.onView(viewOf(index, changes), atMs);
}

const TAKEN_OVER = { [A]: `slave ${D} 0 0 8 connected`, [D]: "master - 0 0 8 connected 0-5460" };
const FAILED_BACK = { [A]: "master - 0 0 9 connected 0-5460", [D]: `slave ${A} 0 0 9 connected` };

test.for([
  [`Failover auth granted to ${D} for epoch 8`, "Failover auth granted to node-3 for epoch 8"],
  [`Failover auth granted to ${D} () for epoch 8`, "Failover auth granted to node-3 for epoch 8"],
  [
    `Failover auth granted to ${D} (cache-3) for epoch 8`,
    "Failover auth granted to node-3 (cache-3) for epoch 8",
  ],
] as const)("the event of %j has the text %j", ([line, expected]) => {
  const recorder = createRecorder();
  recordLogLine(recorder, 1, 1_200, line);
  expect(recorder.events.map(({ text }) => text)).toContain(expected);
});

test("late writes of an isolated old primary are counted and do not end the failover", () => {
  const recorder = createRecorder();
  const record = firstRecord(recorder);
  recordLogLine(recorder, 3, 1_200, "Taking over the master (user request).");
  recordViews(recorder, 1_210, PROMOTED, [0]);
  for (const atMs of [990, 1_100, 1_200, 1_300, 1_500]) record.acknowledgements.push(acknowledged(0, atMs));
  expect(recoveredAt(record, recorder.logLines)).toBeUndefined();
  // The node executed this write before it was replaced, and acknowledged it after it had been resumed.
  record.acknowledgements.push({ node: "node-0", executedAt: 1_150, atMs: 1_600 });
  record.acknowledgements.push(acknowledged(3, 1_650));
  const failover = buildFailover({ plan: PLAN }, recorder, REDIS, 1_000);
  expect(findContradictions(failover)).toEqual([]);
  expect(failover).toMatchObject({
    lastWriteMs: 200,
    acknowledgedByOldPrimary: { count: 2, lastMs: 500 },
    phases: { electedMs: 200, recoveredMs: 650 },
  });
  // The old primary is cut off, so no view shows it as a replica.
  const lane = report({ ...failover, manual: true }).toJSON().timeline.lanes[0];
  expect(lane?.bars.map(({ state }) => state)).not.toContain("replica");
  expect(formatFailover(failover)).toContain(
    "last late write  500 ms  acknowledged by node-0 after the promotion, 2 in all",
  );
});

test("an acknowledgement within clockErrorMs of the promotion is not a late write", () => {
  const views = new Map(IDS.map((_, index) => [`node-${index}`, viewOf(index)]));
  const recorder = new Recorder(PLAN, findShards(views, PLAN), views, { startedAt: 0, clockErrorMs: 10 });
  recordLogLine(recorder, 3, 1_200, "Failover election won: I'm the new master.");
  recordViews(recorder, 1_210, PROMOTED, [0]);
  const record = firstRecord(recorder);
  record.acknowledgements.push(acknowledged(0, 1_210));
  expect(lateWrites(record, recorder)).toEqual([]);
  expect(lastWriteBeforePromotion(record, recorder)?.executedAt).toBe(1_210);
  record.acknowledgements.push(acknowledged(0, 1_211));
  expect(lateWrites(record, recorder)).toHaveLength(1);
  const failover = buildFailover({ plan: PLAN }, recorder, REDIS, 1_000);
  expect(failover).toMatchObject({ clockErrorMs: 10, lastWriteMs: 210 });
  expect(findContradictions(failover)).toEqual([]);
});

test("a shard that fails over and back has both promotions and its old primary", () => {
  const recorder = createRecorder();
  const record = firstRecord(recorder);
  record.acknowledgements.push(acknowledged(0, 1_000));
  recordLogLine(recorder, 3, 1_100, "Failover election won: I'm the new master.");
  recordViews(recorder, 1_110, TAKEN_OVER, []);
  record.acknowledgements.push(acknowledged(3, 1_120), acknowledged(3, 1_900));
  expect(record.promotion?.name).toBe("node-3");
  recordLogLine(recorder, 0, 2_000, "Manual failover user request accepted.");
  recordLogLine(recorder, 0, 2_010, "Failover election won: I'm the new master.");
  recordViews(recorder, 2_020, FAILED_BACK, []);
  record.acknowledgements.push(acknowledged(0, 2_030));
  const failover = buildFailover({ plan: PLAN }, recorder, REDIS, 1_050);
  expect(findContradictions(failover)).toEqual([]);
  expect(failover).toMatchObject({
    failed: { name: "node-0" },
    promoted: { name: "node-0", id: A },
    promotions: [
      { name: "node-3", epoch: 8, atMs: 50 },
      { name: "node-0", epoch: 9, atMs: 960 },
    ],
    epochAfter: 9,
    manual: true,
    lastWriteMs: 850,
    acknowledgedByOldPrimary: { count: 0, lastMs: undefined },
    phases: { electedMs: 960, servingMs: 970, agreedMs: 970, recoveredMs: 980, rejoinedMs: 970 },
  });
  expect(formatFailover(failover)).toMatch(/^node-0 → node-3 → node-0 /);
  const reportData = report(failover).toJSON();
  expect(reportData.title).toBe("node-0 → node-3 → node-0");
  expect(reportData.summary[0]).toBe(
    "Shard 0 failed over 2 times: node-0 → node-3 → node-0. node-0 is primary again after 960 ms; writes were acknowledged again at 980 ms.",
  );
  expect(reportData.timeline.lanes[0]?.bars.at(-1)?.state).toBe("primary");
  expect(reportData.timeline.lanes[3]?.bars.at(-1)?.state).toBe("replica");
  expect(failover.events.filter(({ kind }) => kind === "replica")).toEqual([
    { atMs: 60, node: "node-0", kind: "replica", text: "reports that it is a replica" },
    { atMs: 970, node: "node-3", kind: "replica", text: "reports that it is a replica" },
  ]);
  const { ok, message } = promotedReplica(failover);
  expect(ok).toBe(false);
  expect(message.split("\n")[0]).toBe(
    "No replica is primary at the end: node-0 is primary again. Promoted in between: node-3 after 50 ms.",
  );
});

test("a failover and its reversal that no view shows are found in the logs", () => {
  const recorder = createRecorder();
  recordLogLine(recorder, 3, 1_100, "Taking over the master (user request).");
  recordViews(recorder, 1_120, FAILED_BACK, []);
  expect(firstRecord(recorder).promotion).toBeUndefined();
  recordLogLine(recorder, 0, 1_110, "Taking over the master (user request).");
  expect(buildFailover({ plan: PLAN }, recorder, REDIS, 1_000).promotions).toEqual([
    { name: "node-3", epoch: undefined, atMs: 100 },
    { name: "node-0", epoch: 9, atMs: 110 },
  ]);
});

test("a greater epoch alone, such as after an epoch collision, is not a promotion", () => {
  const recorder = createRecorder();
  recordViews(recorder, 1_100, { [A]: "master - 0 0 9 connected 0-5460" }, []);
  expect(firstRecord(recorder).promotion).toBeUndefined();
});

test("suspicions and failures from before the fault do not count", () => {
  const recorder = createRecorder();
  const flagged = (flags: string): Readonly<Record<string, string>> => ({
    [A]: `master,${flags} - 0 0 1 connected 0-5460`,
  });
  recorder.onView(viewOf(1, flagged("fail?")), 100);
  recordLogLine(recorder, 1, 110, `Marking node ${A} as failing (quorum reached).`);
  recorder.onView(viewOf(1, flagged("fail")), 120);
  recordLogLine(
    recorder,
    1,
    300,
    `Clear FAIL state for node ${A}: is reachable again and nobody is serving its slots after some time.`,
  );
  recorder.onView(viewOf(1), 310);
  // This suspicion ended before the next view could show it.
  recordLogLine(recorder, 4, 400, `*** NODE ${A} possibly failing`);
  recorder.onView(viewOf(4), 520, 500);
  // The fault is at 1000.
  recorder.onView(viewOf(2, flagged("fail?")), 2_100);
  recordLogLine(recorder, 2, 2_300, `Marking node ${A} as failing (quorum reached).`);
  recordLogLine(recorder, 3, 3_000, "Failover election won: I'm the new master.");
  recordViews(recorder, 3_010, PROMOTED, [0]);
  const failover = buildFailover({ plan: PLAN }, recorder, REDIS, 1_000);
  expect(findContradictions(failover)).toEqual([]);
  expect(failover.phases).toMatchObject({
    suspectedMs: 1_100,
    suspectedBy: "node-2",
    failedMs: 1_300,
    failedBy: "node-2",
  });
  expect(failover.manual).toBe(false);
});

test("a suspicion that ends and starts again counts from the second start", () => {
  const recorder = createRecorder();
  const suspected = { [A]: "master,fail? - 0 0 1 connected 0-5460" };
  recorder.onView(viewOf(1, suspected), 1_200);
  recorder.onView(viewOf(1), 1_300);
  recorder.onView(viewOf(1, suspected), 1_900);
  recorder.onView(viewOf(2, suspected), 1_950);
  recordLogLine(recorder, 3, 3_000, "Failover election won: I'm the new master.");
  recordViews(recorder, 3_010, PROMOTED, [0]);
  expect(computePhases(firstRecord(recorder), recorder, 1_000, 3)).toMatchObject({
    suspectedMs: 900,
    suspectedBy: "node-1",
  });
});

test("a suspicion that lasts since before the fault does not count", () => {
  const recorder = createRecorder();
  const suspected = { [A]: "master,fail? - 0 0 1 connected 0-5460" };
  recorder.onView(viewOf(1, suspected), 500);
  recorder.onView(viewOf(2, suspected), 1_600);
  recordLogLine(recorder, 3, 3_000, "Failover election won: I'm the new master.");
  recordViews(recorder, 3_010, PROMOTED, [0]);
  expect(computePhases(firstRecord(recorder), recorder, 1_000, 3)).toMatchObject({
    suspectedMs: 600,
    suspectedBy: "node-2",
  });
});

test("a logged suspicion ends with a later view that does not show the flag", () => {
  const recorder = createRecorder();
  recordLogLine(recorder, 4, 1_200, `*** NODE ${A} possibly failing`);
  // This view was requested before the line was written, so it does not end the suspicion.
  recorder.onView(viewOf(4), 1_220, 1_190);
  recorder.onView(viewOf(4), 1_420, 1_400);
  recorder.onView(viewOf(2, { [A]: "master,fail? - 0 0 1 connected 0-5460" }), 1_900);
  recordLogLine(recorder, 3, 3_000, "Failover election won: I'm the new master.");
  recordViews(recorder, 3_010, PROMOTED, [0]);
  expect(computePhases(firstRecord(recorder), recorder, 1_000, 3)).toMatchObject({
    suspectedMs: 900,
    suspectedBy: "node-2",
  });
  expect(recorder.flagChanges).toContainEqual({ atMs: 1_420, node: "node-4", about: A, flag: "" });
});

test("an election after an expired manual failover is not manual", () => {
  const recorder = createRecorder();
  recordLogLine(recorder, 3, 1_000, "Manual failover user request accepted.");
  recordLogLine(recorder, 3, 6_000, "Manual failover timed out.");
  recordLogLine(recorder, 1, 7_000, `Marking node ${A} as failing (quorum reached).`);
  recordLogLine(recorder, 3, 8_000, "Failover election won: I'm the new master.");
  recordViews(recorder, 8_010, PROMOTED, [0]);
  expect(buildFailover({ plan: PLAN }, recorder, REDIS, 900).manual).toBe(false);
});

test("a promotion has the time of its own term, not of an earlier one", () => {
  const recorder = createRecorder();
  recordLogLine(recorder, 3, 1_000, "Failover election won: I'm the new master.");
  recordViews(recorder, 1_010, TAKEN_OVER, []);
  recordViews(recorder, 2_000, FAILED_BACK, []);
  recordLogLine(recorder, 3, 3_000, "Failover election won: I'm the new master.");
  recordViews(recorder, 3_010, { ...TAKEN_OVER, [D]: "master - 0 0 10 connected 0-5460" }, []);
  const { promotions } = firstRecord(recorder);
  expect(promotions.map(({ name }) => name)).toEqual(["node-3", "node-0", "node-3"]);
  expect(promotions.map((promotion) => electedAt(promotion, recorder.logLines))).toEqual([
    1_000,
    undefined,
    3_000,
  ]);
});
