import fc from "fast-check";
import { expect, test } from "vitest";
import { splitSlots } from "../plan/slots.ts";
import { AcknowledgementWaiters } from "./acknowledgement-waiters.ts";
import { Keyspace } from "./keyspace.ts";
import { WRITE_KINDS } from "./ledger.ts";
import { type Operation, OperationLog, type Outcome } from "./operation-log.ts";

function append(log: OperationLog, row: Operation): void {
  log.append(
    row.kind,
    row.read,
    row.writer,
    row.key,
    row.sequence,
    row.observed,
    row.sentAt,
    row.doneAt,
    row.outcome,
    row.error,
  );
}

const operation: fc.Arbitrary<Operation> = fc.record({
  kind: fc.constantFrom(...WRITE_KINDS),
  read: fc.boolean(),
  writer: fc.nat({ max: 255 }),
  key: fc.nat({ max: 16_383 }),
  sequence: fc.nat({ max: 2 ** 32 - 1 }),
  observed: fc.nat({ max: 2 ** 32 - 1 }),
  sentAt: fc.double({ min: 0, max: 1e9, noNaN: true }),
  doneAt: fc.double({ min: 0, max: 1e9, noNaN: true }),
  outcome: fc.constantFrom<Outcome>("acknowledged", "failed", "unknown"),
  error: fc.constantFrom("", "MOVED", "timeout"),
});

test("every row is given back as it was", () => {
  fc.assert(
    fc.property(fc.array(operation), (rows) => {
      const log = new OperationLog();
      for (const row of rows) append(log, row);
      expect(Array.from({ length: log.length }, (_, index) => log.at(index))).toEqual(rows);
      const writes = rows.filter(({ read }) => !read);
      expect(log.acknowledged + log.failed + log.unknown).toBe(writes.length);
    }),
  );
});

test("it grows beyond a chunk, and finds a moment in it", () => {
  const log = new OperationLog();
  for (let row = 0; row < 200_000; row += 1) {
    log.append("counter", false, 1, 2, row + 1, row, row, row + 0.5, "acknowledged", "");
  }
  expect(log.at(140_000)).toMatchObject({ sequence: 140_001, observed: 140_000, sentAt: 140_000 });
  expect(log.firstDoneAfter(-1)).toBe(0);
  expect(log.firstDoneAfter(150_000.5)).toBe(150_001);
  expect(log.firstDoneAfter(200_000)).toBe(200_000);
  expect(log.acknowledged).toBe(200_000);
});

test("more error words than a byte can tell apart become one", () => {
  const log = new OperationLog();
  for (let row = 0; row < 400; row += 1)
    log.append("set", false, 0, 0, row, 0, row, row, "failed", `E${row}`);
  expect(log.error(0)).toBe("E0");
  expect(log.error(200)).toBe("E200");
  expect([log.error(300), log.error(399)]).toEqual(["other", "other"]);
});

const NEVER = new AbortController().signal;

function waiters(): {
  readonly acknowledge: (key: number, sentAt: number, doneAt: number) => void;
  readonly waiting: AcknowledgementWaiters;
} {
  const log = new OperationLog();
  const keyspace = new Keyspace("t", 6, 2, splitSlots(3));
  const waiting = new AcknowledgementWaiters(log, keyspace);
  const acknowledge = (key: number, sentAt: number, doneAt: number): void => {
    log.append("set", false, 0, key, 1, 0, sentAt, doneAt, "acknowledged", "");
    waiting.notify(keyspace.shardOf(key), sentAt, doneAt);
  };
  return { acknowledge, waiting };
}

test("only what was sent after the moment, to the shard, is the first success", async () => {
  const { acknowledge, waiting } = waiters();
  const promise = waiting.wait(1, 10, NEVER);
  acknowledge(1, 9, 11);
  acknowledge(0, 12, 13);
  expect(waiting.firstAfter(1, 10)).toBeUndefined();
  acknowledge(4, 14, 15);
  acknowledge(1, 16, 17);
  expect(await promise).toBe(15);
  expect(await waiting.wait(1, 10, NEVER)).toBe(15);
  expect(waiting.firstAfter(1, 15)).toBe(17);
});

test("whoever waits when there will be no more writes is told so; a shard has to exist", async () => {
  const { acknowledge, waiting } = waiters();
  acknowledge(1, 1, 2);
  const promise = waiting.wait(1, 10, NEVER);
  waiting.end();
  await expect(promise).rejects.toMatchObject({ code: "WAIT_ABORTED" });
  await expect(waiting.wait(2, 0, NEVER)).rejects.toMatchObject({ code: "WAIT_ABORTED" });
  expect(await waiting.wait(1, 0, NEVER)).toBe(2);
  expect(() => waiting.firstAfter(3, 0)).toThrow("There is no shard 3: they are 0 to 2.");
});
