import { expect, test } from "vitest";
import { splitSlots } from "../plan/slots.ts";
import { type AcknowledgementFilter, AcknowledgementWaiters } from "./acknowledgement-waiters.ts";
import { Keyspace } from "./keyspace.ts";
import { OperationLog } from "./operation-log.ts";

const NEVER = new AbortController().signal;
const ALL: AcknowledgementFilter = () => true;
const by =
  (expected: number): AcknowledgementFilter =>
  (_, source) =>
    source === expected;

function createWaiters(): {
  readonly acknowledge: (key: number, sentAt: number, doneAt: number, source?: number) => void;
  readonly waiters: AcknowledgementWaiters;
} {
  const log = new OperationLog();
  const keyspace = new Keyspace("t:", 6, 2, splitSlots(3));
  const waiters = new AcknowledgementWaiters(log, keyspace);
  const acknowledge = (key: number, sentAt: number, doneAt: number, source = 1): void => {
    log.append("set", false, 0, key, 1, 0, sentAt, doneAt, "acknowledged", "", source);
    waiters.notify(keyspace.shardOf(key), key, source, sentAt, doneAt);
  };
  return { acknowledge, waiters };
}

test("finds the first write to the shard that was sent after the given time", async () => {
  const { acknowledge, waiters } = createWaiters();
  const promise = waiters.wait(1, 10, ALL, NEVER);
  acknowledge(1, 9, 11);
  acknowledge(0, 12, 13);
  expect(waiters.firstAfter(1, 10, ALL)).toBeUndefined();
  acknowledge(4, 14, 15);
  acknowledge(1, 16, 17);
  expect(await promise).toMatchObject({ doneAt: 15, key: 4 });
  expect(await waiters.wait(1, 10, ALL, NEVER)).toMatchObject({ doneAt: 15 });
  expect(waiters.firstAfter(1, 15, ALL)).toMatchObject({ doneAt: 17 });
});

test("ignores acknowledgements from sources that the filter excludes", async () => {
  const { acknowledge, waiters } = createWaiters();
  acknowledge(1, 11, 12, 1);
  const promise = waiters.wait(1, 10, by(2), NEVER);
  acknowledge(1, 13, 14, 1);
  acknowledge(1, 15, 16, 2);
  expect(await promise).toMatchObject({ doneAt: 16, source: 2 });
  expect(waiters.firstAfter(1, 10, by(1))).toMatchObject({ doneAt: 12 });
  expect(waiters.firstAfter(1, 10, by(3))).toBeUndefined();
});

test("wait rejects with the reason of its signal", async () => {
  const { waiters } = createWaiters();
  const ending = new AbortController();
  const promise = waiters.wait(1, 10, ALL, ending.signal);
  ending.abort(new Error("no longer"));
  await expect(promise).rejects.toThrow("no longer");
  await expect(waiters.wait(1, 10, ALL, ending.signal)).rejects.toThrow("no longer");
});

test("wait rejects if the writers have stopped or the shard does not exist", async () => {
  const { acknowledge, waiters } = createWaiters();
  acknowledge(1, 1, 2);
  const promise = waiters.wait(1, 10, ALL, NEVER);
  waiters.end();
  await expect(promise).rejects.toMatchObject({ code: "WAIT_ABORTED" });
  await expect(waiters.wait(2, 0, ALL, NEVER)).rejects.toMatchObject({ code: "WAIT_ABORTED" });
  expect(await waiters.wait(1, 0, ALL, NEVER)).toMatchObject({ doneAt: 2 });
  expect(() => waiters.firstAfter(3, 0, ALL)).toThrow("expected a shard index from 0 to 2, got 3.");
});
