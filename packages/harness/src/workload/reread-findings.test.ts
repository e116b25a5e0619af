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

/** Returns a history of two acknowledged writes of each kind to key 0, in the order of the kinds: writes 1 to 10 of writer 0. */
function createHistory(): WorkloadHistory {
  const log = new OperationLog();
  for (const [index, kind] of WRITE_KINDS.entries()) {
    for (const position of [1, 2]) {
      const sequence = 2 * index + position;
      log.append(
        kind,
        false,
        0,
        0,
        sequence,
        kind === "counter" ? position : 0,
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

function emptyReadBack(): ReadBack {
  const lists = WRITE_KINDS.map((kind): [WriteKind, number[][]] => [kind, [[], [], []]]);
  return {
    sequences: Object.fromEntries(lists) as unknown as ReadBack["sequences"],
    counters: [0, 0, 0],
    foreign: [],
  };
}

/** A client of a server that has all values. */
const COMPLETE_CLIENT = {
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

/** A client of a server whose keys were replaced by keys of another type. */
const WRONG_TYPE_CLIENT = Object.fromEntries(
  ["get", "lpos", "smismember"].map((name) => [
    name,
    () => Promise.reject(new Error("WRONGTYPE Operation against a key holding the wrong kind of value")),
  ]),
) as unknown as Cluster;

test("a value that the first read missed is not lost if the second read finds it", async () => {
  const history = createHistory();
  const ledger = checkHistory(history, emptyReadBack());
  expect(ledger.lost).toHaveLength(9);
  const reread = await rereadFindings(COMPLETE_CLIENT, history, BYTES, ledger, emptyReadBack(), NEVER);
  expect(reread).toBeDefined();
  expect(checkHistory(history, reread as ReadBack)).toMatchObject({
    lost: [],
    duplicated: [],
    stale: [],
    unacknowledgedPresent: [],
  });
});

test("a value that the second read does not find either remains lost", async () => {
  const history = createHistory();
  const ledger = checkHistory(history, emptyReadBack());
  const reread = await rereadFindings(WRONG_TYPE_CLIENT, history, BYTES, ledger, emptyReadBack(), NEVER);
  expect(checkHistory(history, reread as ReadBack).lost).toEqual(ledger.lost);
});

test("a token that was read twice but is present once is not duplicated", async () => {
  const history = createHistory();
  const complete = (await rereadFindings(
    COMPLETE_CLIENT,
    history,
    BYTES,
    checkHistory(history, emptyReadBack()),
    emptyReadBack(),
    NEVER,
  )) as ReadBack;
  const twice = { ...complete, sequences: { ...complete.sequences, append: [[3, 4, 3], [], []] } };
  const ledger = checkHistory(history, twice);
  expect(ledger.duplicated).toHaveLength(1);
  const reread = await rereadFindings(COMPLETE_CLIENT, history, BYTES, ledger, twice, NEVER);
  expect(checkHistory(history, reread as ReadBack).duplicated).toEqual([]);
});

test("reads nothing if the ledger has no findings", async () => {
  const history = createHistory();
  const complete = (await rereadFindings(
    COMPLETE_CLIENT,
    history,
    BYTES,
    checkHistory(history, emptyReadBack()),
    emptyReadBack(),
    NEVER,
  )) as ReadBack;
  expect(
    await rereadFindings(WRONG_TYPE_CLIENT, history, BYTES, checkHistory(history, complete), complete, NEVER),
  ).toBeUndefined();
});
