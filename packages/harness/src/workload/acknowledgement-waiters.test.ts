import { expect, test } from "vitest";
import { splitSlots } from "../plan/slots.ts";
import { AcknowledgementWaiters, type AcknowledgementFilter } from "./acknowledgement-waiters.ts";
import { Keyspace } from "./keyspace.ts";
import { OperationLog } from "./operation-log.ts";

const NEVER = new AbortController().signal;
const ALL: AcknowledgementFilter = () => true;
const by =
  (wanted: number): AcknowledgementFilter =>
  (_, source) =>
    source === wanted;

function waiters(): {
  readonly acknowledge: (key: number, sentAt: number, doneAt: number, source?: number) => void;
  readonly waiting: AcknowledgementWaiters;
} {
  const log = new OperationLog();
  const keyspace = new Keyspace("t:", 6, 2, splitSlots(3));
  const waiting = new AcknowledgementWaiters(log, keyspace);
  const acknowledge = (key: number, sentAt: number, doneAt: number, source = 1): void => {
    log.append("set", false, 0, key, 1, 0, sentAt, doneAt, "acknowledged", "", source);
    waiting.notify(keyspace.shardOf(key), key, source, sentAt, doneAt);
  };
  return { acknowledge, waiting };
}

test("only what was sent after the moment, to the shard, is the first acknowledgement", async () => {
  const { acknowledge, waiting } = waiters();
  const promise = waiting.wait(1, 10, ALL, NEVER);
  acknowledge(1, 9, 11);
  acknowledge(0, 12, 13);
  expect(waiting.firstAfter(1, 10, ALL)).toBeUndefined();
  acknowledge(4, 14, 15);
  acknowledge(1, 16, 17);
  expect(await promise).toMatchObject({ doneAt: 15, key: 4 });
  expect(await waiting.wait(1, 10, ALL, NEVER)).toMatchObject({ doneAt: 15 });
  expect(waiting.firstAfter(1, 15, ALL)).toMatchObject({ doneAt: 17 });
});

test("an acknowledgement of another connection does not count, in the log or when it arrives", async () => {
  const { acknowledge, waiting } = waiters();
  acknowledge(1, 11, 12, 1);
  const promise = waiting.wait(1, 10, by(2), NEVER);
  acknowledge(1, 13, 14, 1);
  acknowledge(1, 15, 16, 2);
  expect(await promise).toMatchObject({ doneAt: 16, source: 2 });
  expect(waiting.firstAfter(1, 10, by(1))).toMatchObject({ doneAt: 12 });
  expect(waiting.firstAfter(1, 10, by(3))).toBeUndefined();
});

test("a waiter ends with the reason of its signal", async () => {
  const { waiting } = waiters();
  const ending = new AbortController();
  const promise = waiting.wait(1, 10, ALL, ending.signal);
  ending.abort(new Error("no longer"));
  await expect(promise).rejects.toThrow("no longer");
  await expect(waiting.wait(1, 10, ALL, ending.signal)).rejects.toThrow("no longer");
});

test("a waiter is rejected when there will be no more writes; a shard has to exist", async () => {
  const { acknowledge, waiting } = waiters();
  acknowledge(1, 1, 2);
  const promise = waiting.wait(1, 10, ALL, NEVER);
  waiting.end();
  await expect(promise).rejects.toMatchObject({ code: "WAIT_ABORTED" });
  await expect(waiting.wait(2, 0, ALL, NEVER)).rejects.toMatchObject({ code: "WAIT_ABORTED" });
  expect(await waiting.wait(1, 0, ALL, NEVER)).toMatchObject({ doneAt: 2 });
  expect(() => waiting.firstAfter(3, 0, ALL)).toThrow("expected a shard from 0 to 2, got 3.");
});
