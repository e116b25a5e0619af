import type { Cluster } from "ioredis";
import { expect, test } from "vitest";
import { splitSlots } from "../plan/slots.ts";
import { Keyspace } from "./keyspace.ts";
import { OperationLog } from "./operation-log.ts";
import { parseCount, readBack } from "./read-back.ts";

const NEVER = new AbortController().signal;
const KEYSPACE = new Keyspace("t:", 3, 1, splitSlots(3));
const TRYAGAIN = "Too many Cluster redirections. Last error: ReplyError: TRYAGAIN Multiple keys request";

/** Returns the log of three acknowledged writes of kind `set` to key 0. */
function threeWrites(): OperationLog {
  const log = new OperationLog();
  for (const sequence of [1, 2, 3])
    log.append("set", false, 0, 0, sequence, 0, sequence, sequence + 0.5, "acknowledged", "");
  return log;
}

test("reads keys one by one if MGET is refused during a migration", async () => {
  const client = {
    mget: () => Promise.reject(new Error(TRYAGAIN)),
    get: (name: string) => {
      if (name.endsWith("w0-2")) return Promise.reject(new Error("WRONGTYPE Operation against a key"));
      return Promise.resolve(name.endsWith("w0-3") ? null : "w0-1..");
    },
  } as unknown as Cluster;
  const { sequences, foreign } = await readBack(client, KEYSPACE, threeWrites(), 6, NEVER);
  expect(sequences.set[0]).toEqual([1]);
  expect(foreign).toEqual([]);
});

test("repeats a command after any other error", async () => {
  let attempts = 0;
  const client = {
    mget: (names: readonly string[]) => {
      attempts += 1;
      if (attempts < 3) return Promise.reject(new Error("LOADING Redis is loading the dataset in memory"));
      return Promise.resolve(names.map((name) => name.slice(name.lastIndexOf(":") + 1)));
    },
  } as unknown as Cluster;
  const { sequences } = await readBack(client, KEYSPACE, threeWrites(), 6, NEVER);
  expect(sequences.set[0]).toEqual([1, 2, 3]);
});

test.each([
  [null, 0],
  ["7", 7],
  ["-7", -7],
  ["", undefined],
  ["1e3", undefined],
  ["0x10", undefined],
  ["1.5", undefined],
  ["99999999999999999999", undefined],
])("parses the counter value %o as %o", (value, count) => {
  expect(parseCount(value)).toBe(count);
});
