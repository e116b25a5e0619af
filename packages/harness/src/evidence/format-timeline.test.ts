import { expect, test } from "vitest";
import type { Failover } from "../failover/failover.ts";
import type { Ledger } from "../workload/ledger.ts";
import type { HistoryView } from "./cluster-history.ts";
import { formatTimeline } from "./format-timeline.ts";

const SINCE = Date.UTC(2026, 10, 24, 2, 14, 44);
const NOTHING_DROPPED = { faults: 0, failovers: 0, ledgers: 0, errors: 0, seeds: 0 };

function history(change: Partial<HistoryView>): HistoryView {
  return {
    ...{ since: SINCE, faults: [], failovers: [], ledgers: [], errors: [], seeds: [] },
    dropped: NOTHING_DROPPED,
    ...change,
  };
}

const FAILOVER: Failover = {
  failed: { name: "node-0" },
  promoted: { name: "node-4", id: "4".repeat(40) },
  promotions: [{ name: "node-4", epoch: 9, atMs: 1_501 }],
  shard: 0,
  lastWriteMs: undefined,
  acknowledgedByOldPrimary: { count: 0, lastMs: undefined },
  timeScale: 1,
  clockErrorMs: 0,
  nodes: [],
  slots: [{ first: 0, last: 5460 }],
  epochBefore: 1,
  epochAfter: 9,
  manual: false,
  phases: {
    ...{ suspectedMs: 780, suspectedBy: "node-1", failedMs: undefined, failedBy: undefined },
    ...{ electionScheduledMs: undefined, announcedDelayMs: undefined, electionStartedMs: undefined },
    ...{ votesMs: undefined, electedMs: 1_501, servingMs: undefined, agreedMs: undefined },
    ...{ recoveredMs: 1_515, rejoinedMs: undefined },
  },
  expected: { minMs: 1_000, maxMs: 2_500, parts: undefined, serving: { minMs: 1_000, maxMs: 2_600 } },
  since: SINCE + 2_000,
  others: [],
  events: [{ atMs: 1_501, node: "node-4", kind: "elected", text: "Failover election won" }],
};

test("lists all events in chronological order, then the phases of the failovers", () => {
  const text = formatTimeline(
    history({
      errors: [
        { at: SINCE + 9_000, phase: "Waiting", code: "WAIT_TIMEOUT", message: "not done\nsecond line" },
        { at: SINCE + 500, phase: "Waiting", code: undefined, message: "early" },
      ],
      failovers: [FAILOVER],
      faults: [
        {
          ...{ kind: "kill", nodes: ["node-0"], since: SINCE + 2_000, seed: undefined },
          ...{ description: "node-0 killed with SIGKILL", healedAt: SINCE + 8_000 },
        },
      ],
      ledgers: [
        {
          startedAt: SINCE + 100,
          stoppedAt: SINCE + 8_500,
          seed: 3,
          acknowledged: 9,
          attempts: 10,
          lost: [],
        } as Partial<Ledger> as Ledger,
      ],
    }),
  );
  expect(text).toMatchInlineSnapshot(`
    "2026-11-24T02:14:44.000Z        +0 ms  history   started
    2026-11-24T02:14:44.100Z      +100 ms  workload  started, seed 3
    2026-11-24T02:14:44.500Z      +500 ms  error     Waiting: early
    2026-11-24T02:14:46.000Z     +2000 ms  fault     kill: node-0 killed with SIGKILL
    2026-11-24T02:14:47.501Z     +3501 ms  failover  node-4: Failover election won
    2026-11-24T02:14:52.000Z     +8000 ms  healed    kill: node-0 killed with SIGKILL
    2026-11-24T02:14:52.500Z     +8500 ms  workload  stopped: 9 of 10 writes acknowledged, 0 lost
    2026-11-24T02:14:53.000Z     +9000 ms  error     Waiting: WAIT_TIMEOUT not done

    node-0 → node-4   slots 0-5460   epoch 1 → 9
      suspected     780 ms  by node-1
      elected      1501 ms  node-4, expected 1000–2500
      first write  1515 ms
    "
  `);
});

test("reports the number of dropped entries", () => {
  expect(formatTimeline(history({ dropped: { ...NOTHING_DROPPED, errors: 3 } }))).toContain(
    "3 older errors were dropped.\n",
  );
});
