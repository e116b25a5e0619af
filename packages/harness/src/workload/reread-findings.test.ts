import type { Cluster } from "ioredis";
import { expect, test } from "vitest";
import { splitSlots } from "../plan/slots.ts";
import type { WorkloadHistory } from "./workload-history.ts";
import { checkHistory } from "./checker/check-history.ts";
import { Keyspace } from "./keyspace.ts";
import { WRITE_KINDS, type WriteKind } from "./ledger.ts";
import { rereadFindings } from "./reread-findings.ts";
import { OperationLog } from "./operation-log.ts";
import type { ReadBack } from "./read-back.ts";

const NEVER = new AbortController().signal;
const KEYSPACE = new Keyspace("t:", 3, 1, splitSlots(3));
const BYTES = 8;

/** Two acknowledged writes of each kind to key 0, in the order of the kinds: writes 1 to 10 of writer 0. */
function history(): WorkloadHistory {
  const log = new OperationLog();
  for (const [index, kind] of WRITE_KINDS.entries()) {
    for (const turn of [1, 2]) {
      const sequence = 2 * index + turn;
      log.append(
        kind,
        false,
        0,
        0,
        sequence,
        kind === "counter" ? turn : 0,
        sequence,
        sequence + 0.5,
        "acknowledged",
        "",
      );
    }
  }
  return {
    ...{ log, keyspace: KEYSPACE, toEpoch: (at: number) => at, keyPrefix: "t:", nodeNameOf: () => undefined },
    ...{ endedWriters: [], seed: 1, timeScale: 1, redirects: new Map(), startedAt: 0, stoppedAt: 99 },
  };
}

function nothing(): ReadBack {
  const lists = WRITE_KINDS.map((kind): [WriteKind, number[][]] => [kind, [[], [], []]]);
  return {
    sequences: Object.fromEntries(lists) as unknown as ReadBack["sequences"],
    counters: [0, 0, 0],
    foreign: [],
  };
}

/** A server that has everything, as ioredis answers for it. */
const COMPLETE = {
  get: (name: string) =>
    Promise.resolve(
      name.includes(":counter:")
        ? "2"
        : name.includes(":register:")
          ? "w0-10..."
          : `${name.split(":").at(-1)}..`,
    ),
  lpos: () => Promise.resolve([0]),
  smismember: (_: string, ...members: readonly string[]) =>
    Promise.resolve(members.map((member) => (member.length === BYTES ? 1 : 0))),
} as unknown as Cluster;

/** A server whose keys somebody has replaced by ones of another type. */
const REPLACED = Object.fromEntries(
  ["get", "lpos", "smismember"].map((name) => [
    name,
    () => Promise.reject(new Error("WRONGTYPE Operation against a key holding the wrong kind of value")),
  ]),
) as unknown as Cluster;

test("what the first look missed is not lost when a direct question finds it", async () => {
  const run = history();
  const missed = checkHistory(run, nothing());
  expect(missed.lost).toHaveLength(9);
  const again = await rereadFindings(COMPLETE, run, BYTES, missed, nothing(), NEVER);
  expect(again).toBeDefined();
  expect(checkHistory(run, again as ReadBack)).toMatchObject({
    lost: [],
    duplicated: [],
    stale: [],
    unacknowledgedPresent: [],
  });
});

test("what a direct question does not find either stays lost", async () => {
  const run = history();
  const missed = checkHistory(run, nothing());
  const again = await rereadFindings(REPLACED, run, BYTES, missed, nothing(), NEVER);
  expect(checkHistory(run, again as ReadBack).lost).toEqual(missed.lost);
});

test("a token that was read twice and is there once is not duplicated", async () => {
  const run = history();
  const complete = (await rereadFindings(
    COMPLETE,
    run,
    BYTES,
    checkHistory(run, nothing()),
    nothing(),
    NEVER,
  )) as ReadBack;
  const twice = { ...complete, sequences: { ...complete.sequences, append: [[3, 4, 3], [], []] } };
  const doubled = checkHistory(run, twice);
  expect(doubled.duplicated).toHaveLength(1);
  const again = await rereadFindings(COMPLETE, run, BYTES, doubled, twice, NEVER);
  expect(checkHistory(run, again as ReadBack).duplicated).toEqual([]);
});

test("a ledger without such findings asks nothing", async () => {
  const run = history();
  const complete = (await rereadFindings(
    COMPLETE,
    run,
    BYTES,
    checkHistory(run, nothing()),
    nothing(),
    NEVER,
  )) as ReadBack;
  expect(
    await rereadFindings(REPLACED, run, BYTES, checkHistory(run, complete), complete, NEVER),
  ).toBeUndefined();
});
