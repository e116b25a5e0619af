import { expect, test } from "vitest";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import type { NodeView } from "../view/node-view.ts";
import { parseClusterNodes } from "../view/parse-nodes.ts";
import { promotedReplica } from "../checks/failover-checks.ts";
import { report as makeReport } from "../report/failover-report.ts";
import type { Acknowledgement } from "./acknowledgements.ts";
import { contradictionsIn } from "./contradictions.ts";
import { formatFailover } from "./format-failover.ts";
import { parseLogLine, parseLogText } from "./parse-log.ts";
import { deposedWrites, electedAt, lastWrite, phasesOf, recoveredAt } from "./phases.ts";
import { Recorder, type ShardRecord } from "./recorder.ts";
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

/** @param begunAt before everything that a test has seen. */
function recorder(begunAt = 0): Recorder {
  const views = new Map(IDS.map((_, index) => [`node-${index}`, says(index)]));
  return new Recorder(PLAN, shardsOf(views, PLAN), views, { begunAt });
}

/** A write that a node acknowledged at once. */
function acknowledged(node: number, atMs: number): Acknowledgement {
  return { node: `node-${node}`, atMs, executedAt: atMs };
}

const PROMOTED = {
  [A]: "master,fail - 0 0 1 disconnected",
  [D]: "master - 0 0 8 connected 0-5460",
};

test("a killed primary is suspected, declared dead, replaced, agreed upon and back", () => {
  const recorded = recorder();
  const [record] = recorded.records;
  recorded.onView(silent(0), 1_010);
  expect(record?.troubledAt).toBe(1_010);
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
    servingAt: 3_020,
    agreedAt: 3_060,
    backAt: 5_105,
  });
  expect(phasesOf(record as ShardRecord, recorded, 1_000, 3)).toMatchObject({
    suspectedMs: 1_100,
    suspectedBy: "node-1",
    failedMs: 1_300,
    failedBy: "node-2",
  });
  expect(recorded.events).toContainEqual({
    atMs: 2_100,
    node: "node-1",
    kind: "flag",
    text: "flags node-0 as fail?",
  });
});

test("all nodes were seen since a moment if each was asked after it, or was found to be silent", () => {
  const recorded = recorder();
  expect(recorded.hasSeenAllSince(1_000)).toBe(false);
  for (const index of [1, 2, 3, 4, 5]) recorded.onView(says(index), 1_030, 1_010);
  recorded.onView(says(0), 1_030, 990);
  expect(recorded.hasSeenAllSince(1_000)).toBe(false);
  recorded.onView(silent(0), 1_030, 990);
  expect(recorded.hasSeenAllSince(1_000)).toBe(true);
  expect(recorded.hasSeenAllSince(1_010)).toBe(false);
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
  const recorded = recorder(KILLED - 1_000);
  for (const [index, text] of LOGS) {
    const line = parseLogLine(text);
    if (line !== undefined) recorded.onLine({ ...line, node: `node-${index}`, atMs: line.writtenMs });
  }
  recorded.onView(silent(0), KILLED + 12);
  recorded.onView(says(1, { [A]: "master,fail? - 0 0 1 disconnected 0-5460" }), KILLED + 1_411);
  for (const index of [1, 2, 3, 4, 5]) recorded.onView(says(index, PROMOTED), KILLED + 2_830 + index);
  // The old primary executed its last write just before it died; the new one its first before a view showed it.
  recorded.records[0]?.acknowledgements.push(
    acknowledged(0, KILLED + 1),
    acknowledged(3, KILLED + 2_824),
    acknowledged(3, KILLED + 2_834),
  );
  return recorded;
}

test("the phases are those of the logs where these tell, else those of the views", () => {
  const recorded = withLogs();
  const [record] = recorded.records;
  if (record === undefined) throw new Error("no shard");
  expect(phasesOf(record, recorded, KILLED, 3)).toEqual({
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
  // Without logs too it is the promoted node's first write.
  expect(recoveredAt(record, [])).toBe(KILLED + 2_824);
});

test("the report has every node with its role and shard before the fault", () => {
  const views = new Map(IDS.map((_, index) => [`node-${index}`, says(index)]));
  // node-4 is away already, and its primary still counts on it; node-6 never said anything.
  views.set("node-4", silent(4));
  const plan = {
    ...PLAN,
    nodes: [...PLAN.nodes, { index: 6, id: "9".repeat(40), name: "node-6" }],
  } as unknown as ClusterPlan;
  const recorded = new Recorder(plan, shardsOf(views, plan), views, { begunAt: KILLED });
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
  expect(contradictionsIn(failover)).toEqual([]);
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

/** A line of a node's log, as a server writes it after its time. */
function logs(recorded: Recorder, node: number, atMs: number, text: string): void {
  const event = parseLogText(text);
  if (event === undefined) throw new Error(`no such line: ${text}`);
  recorded.onLine({ node: `node-${node}`, writtenMs: atMs, atMs, text, event });
}

function first(recorded: Recorder): ShardRecord {
  const [record] = recorded.records;
  if (record === undefined) throw new Error("no shard");
  return record;
}

/** Every node but the given ones says so, at a moment. */
function allSay(
  recorded: Recorder,
  atMs: number,
  changes: Readonly<Record<string, string>>,
  except: readonly number[],
) {
  for (const index of IDS.keys()) if (!except.includes(index)) recorded.onView(says(index, changes), atMs);
}

const TAKEN = { [A]: `slave ${D} 0 0 8 connected`, [D]: "master - 0 0 8 connected 0-5460" };
const BACK = { [A]: "master - 0 0 9 connected 0-5460", [D]: `slave ${A} 0 0 9 connected` };

test("acknowledgements of an old primary that is cut off do not end the failover, and are counted", () => {
  const recorded = recorder();
  const record = first(recorded);
  logs(recorded, 3, 1_200, "Taking over the master (user request).");
  allSay(recorded, 1_210, PROMOTED, [0]);
  for (const atMs of [990, 1_100, 1_200, 1_300, 1_500]) record.acknowledgements.push(acknowledged(0, atMs));
  expect(recoveredAt(record, recorded.lines)).toBeUndefined();
  // Answered when it was resumed, and executed before it was replaced.
  record.acknowledgements.push({ node: "node-0", executedAt: 1_150, atMs: 1_600 });
  record.acknowledgements.push(acknowledged(3, 1_650));
  const failover = report({ plan: PLAN }, recorded, REDIS, 1_000);
  expect(contradictionsIn(failover)).toEqual([]);
  expect(failover).toMatchObject({
    lastWriteMs: 200,
    acknowledgedByOldPrimary: { count: 2, lastMs: 500 },
    phases: { electedMs: 200, recoveredMs: 650 },
  });
  // It is cut off, so no node knows that it has become a replica.
  const lane = makeReport({ ...failover, manual: true }).toJSON().timeline.lanes[0];
  expect(lane?.bars.map(({ state }) => state)).not.toContain("replica");
  expect(formatFailover(failover)).toContain(
    "last late write  500 ms  acknowledged by node-0 after the promotion, 2 in all",
  );
});

test("an acknowledgement within what the clocks may be apart is not of a deposed primary", () => {
  const views = new Map(IDS.map((_, index) => [`node-${index}`, says(index)]));
  const recorded = new Recorder(PLAN, shardsOf(views, PLAN), views, { begunAt: 0, clockErrorMs: 10 });
  logs(recorded, 3, 1_200, "Failover election won: I'm the new master.");
  allSay(recorded, 1_210, PROMOTED, [0]);
  const record = first(recorded);
  record.acknowledgements.push(acknowledged(0, 1_210));
  expect(deposedWrites(record, recorded)).toEqual([]);
  expect(lastWrite(record, recorded)?.executedAt).toBe(1_210);
  record.acknowledgements.push(acknowledged(0, 1_211));
  expect(deposedWrites(record, recorded)).toHaveLength(1);
  const failover = report({ plan: PLAN }, recorded, REDIS, 1_000);
  expect(failover).toMatchObject({ clockErrorMs: 10, lastWriteMs: 210 });
  expect(contradictionsIn(failover)).toEqual([]);
});

test("a shard that fails over and back again has both promotions, and its old primary at the end", () => {
  const recorded = recorder();
  const record = first(recorded);
  record.acknowledgements.push(acknowledged(0, 1_000));
  logs(recorded, 3, 1_100, "Failover election won: I'm the new master.");
  allSay(recorded, 1_110, TAKEN, []);
  record.acknowledgements.push(acknowledged(3, 1_120), acknowledged(3, 1_900));
  expect(record.promotion?.name).toBe("node-3");
  logs(recorded, 0, 2_000, "Manual failover user request accepted.");
  logs(recorded, 0, 2_010, "Failover election won: I'm the new master.");
  allSay(recorded, 2_020, BACK, []);
  record.acknowledgements.push(acknowledged(0, 2_030));
  const failover = report({ plan: PLAN }, recorded, REDIS, 1_050);
  expect(contradictionsIn(failover)).toEqual([]);
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
  const shown = makeReport(failover).toJSON();
  expect(shown.title).toBe("node-0 → node-3 → node-0");
  expect(shown.summary[0]).toBe(
    "Shard 0 failed over 2 times: node-0 → node-3 → node-0. node-0 is primary again after 960 ms; writes were acknowledged again at 980 ms.",
  );
  expect(shown.timeline.lanes[0]?.bars.at(-1)?.state).toBe("primary");
  expect(shown.timeline.lanes[3]?.bars.at(-1)?.state).toBe("replica");
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

test("a failover there and back that no view shows is known from the logs", () => {
  const recorded = recorder();
  logs(recorded, 3, 1_100, "Taking over the master (user request).");
  allSay(recorded, 1_120, BACK, []);
  expect(first(recorded).promotion).toBeUndefined();
  logs(recorded, 0, 1_110, "Taking over the master (user request).");
  expect(report({ plan: PLAN }, recorded, REDIS, 1_000).promotions).toEqual([
    { name: "node-3", epoch: undefined, atMs: 100 },
    { name: "node-0", epoch: 9, atMs: 110 },
  ]);
});

test("a greater epoch alone, as after a collision of epochs, is no promotion", () => {
  const recorded = recorder();
  allSay(recorded, 1_100, { [A]: "master - 0 0 9 connected 0-5460" }, []);
  expect(first(recorded).promotion).toBeUndefined();
});

test("a suspicion and a declaration of death from before the fault are not the failover's", () => {
  const recorded = recorder();
  const flagged = (flags: string): Readonly<Record<string, string>> => ({
    [A]: `master,${flags} - 0 0 1 connected 0-5460`,
  });
  recorded.onView(says(1, flagged("fail?")), 100);
  logs(recorded, 1, 110, `Marking node ${A} as failing (quorum reached).`);
  recorded.onView(says(1, flagged("fail")), 120);
  logs(
    recorded,
    1,
    300,
    `Clear FAIL state for node ${A}: is reachable again and nobody is serving its slots after some time.`,
  );
  recorded.onView(says(1), 310);
  // Dropped before the next view could show it.
  logs(recorded, 4, 400, `*** NODE ${A} possibly failing`);
  recorded.onView(says(4), 520, 500);
  // The fault: at 1000.
  recorded.onView(says(2, flagged("fail?")), 2_100);
  logs(recorded, 2, 2_300, `Marking node ${A} as failing (quorum reached).`);
  logs(recorded, 3, 3_000, "Failover election won: I'm the new master.");
  allSay(recorded, 3_010, PROMOTED, [0]);
  const failover = report({ plan: PLAN }, recorded, REDIS, 1_000);
  expect(contradictionsIn(failover)).toEqual([]);
  expect(failover.phases).toMatchObject({
    suspectedMs: 1_100,
    suspectedBy: "node-2",
    failedMs: 1_300,
    failedBy: "node-2",
  });
  expect(failover.manual).toBe(false);
});

test("a suspicion that is dropped after the fault and comes back counts from its return", () => {
  const recorded = recorder();
  const suspected = { [A]: "master,fail? - 0 0 1 connected 0-5460" };
  recorded.onView(says(1, suspected), 1_200);
  recorded.onView(says(1), 1_300);
  recorded.onView(says(1, suspected), 1_900);
  recorded.onView(says(2, suspected), 1_950);
  logs(recorded, 3, 3_000, "Failover election won: I'm the new master.");
  allSay(recorded, 3_010, PROMOTED, [0]);
  expect(phasesOf(first(recorded), recorded, 1_000, 3)).toMatchObject({
    suspectedMs: 900,
    suspectedBy: "node-1",
  });
});

test("a suspicion that began before the fault and lasts is not the failover's", () => {
  const recorded = recorder();
  const suspected = { [A]: "master,fail? - 0 0 1 connected 0-5460" };
  recorded.onView(says(1, suspected), 500);
  recorded.onView(says(2, suspected), 1_600);
  logs(recorded, 3, 3_000, "Failover election won: I'm the new master.");
  allSay(recorded, 3_010, PROMOTED, [0]);
  expect(phasesOf(first(recorded), recorded, 1_000, 3)).toMatchObject({
    suspectedMs: 600,
    suspectedBy: "node-2",
  });
});

test("a suspicion that only a log reports is dropped by a later view without the flag", () => {
  const recorded = recorder();
  logs(recorded, 4, 1_200, `*** NODE ${A} possibly failing`);
  // On its way when the line was written, so it says nothing of it.
  recorded.onView(says(4), 1_220, 1_190);
  recorded.onView(says(4), 1_420, 1_400);
  recorded.onView(says(2, { [A]: "master,fail? - 0 0 1 connected 0-5460" }), 1_900);
  logs(recorded, 3, 3_000, "Failover election won: I'm the new master.");
  allSay(recorded, 3_010, PROMOTED, [0]);
  expect(phasesOf(first(recorded), recorded, 1_000, 3)).toMatchObject({
    suspectedMs: 900,
    suspectedBy: "node-2",
  });
  expect(recorded.flags).toContainEqual({ atMs: 1_420, node: "node-4", about: A, flag: "" });
});

test("a manual failover that was given up does not make a later election a manual one", () => {
  const recorded = recorder();
  logs(recorded, 3, 1_000, "Manual failover user request accepted.");
  logs(recorded, 3, 6_000, "Manual failover timed out.");
  logs(recorded, 1, 7_000, `Marking node ${A} as failing (quorum reached).`);
  logs(recorded, 3, 8_000, "Failover election won: I'm the new master.");
  allSay(recorded, 8_010, PROMOTED, [0]);
  expect(report({ plan: PLAN }, recorded, REDIS, 900).manual).toBe(false);
});

test("a promotion is that of its own term, not that of an earlier one", () => {
  const recorded = recorder();
  logs(recorded, 3, 1_000, "Failover election won: I'm the new master.");
  allSay(recorded, 1_010, TAKEN, []);
  allSay(recorded, 2_000, BACK, []);
  logs(recorded, 3, 3_000, "Failover election won: I'm the new master.");
  allSay(recorded, 3_010, { ...TAKEN, [D]: "master - 0 0 10 connected 0-5460" }, []);
  const { promotions } = first(recorded);
  expect(promotions.map(({ name }) => name)).toEqual(["node-3", "node-0", "node-3"]);
  expect(promotions.map((each) => electedAt(each, recorded.lines))).toEqual([1_000, undefined, 3_000]);
});
