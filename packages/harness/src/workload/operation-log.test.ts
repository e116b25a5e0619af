import fc from "fast-check";
import { expect, test } from "vitest";
import { WRITE_KINDS } from "./ledger.ts";
import { type Operation, OperationLog, type Outcome } from "./operation-log.ts";

function append(log: OperationLog, row: Operation): void {
  log.append(
    row.kind,
    row.isRead,
    row.writer,
    row.key,
    row.sequence,
    row.observed,
    row.sentAt,
    row.doneAt,
    row.outcome,
    row.error,
    row.source,
  );
}

const operation: fc.Arbitrary<Operation> = fc.record({
  kind: fc.constantFrom(...WRITE_KINDS),
  isRead: fc.boolean(),
  writer: fc.nat({ max: 255 }),
  key: fc.nat({ max: 16_383 }),
  sequence: fc.nat({ max: 2 ** 32 - 1 }),
  observed: fc.maxSafeInteger(),
  sentAt: fc.double({ min: 0, max: 1e9, noNaN: true }),
  doneAt: fc.double({ min: 0, max: 1e9, noNaN: true }),
  outcome: fc.constantFrom<Outcome>("acknowledged", "failed", "unknown"),
  error: fc.constantFrom("", "MOVED", "timeout"),
  source: fc.nat({ max: 65_535 }),
});

test("returns every row as it was added", () => {
  fc.assert(
    fc.property(fc.array(operation), (rows) => {
      const log = new OperationLog();
      for (const row of rows) append(log, row);
      expect(Array.from({ length: log.length }, (_, index) => log.at(index))).toEqual(rows);
      const writes = rows.filter(({ isRead }) => !isRead);
      expect(log.acknowledged + log.failed + log.unknown).toBe(writes.length);
    }),
  );
});

test("grows beyond one chunk, and finds the first row after a time", () => {
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

test('replaces error words by "other" if there are more than fit into a byte', () => {
  const log = new OperationLog();
  for (let row = 0; row < 400; row += 1)
    log.append("set", false, 0, 0, row, 0, row, row, "failed", `E${row}`);
  expect(log.error(0)).toBe("E0");
  expect(log.error(200)).toBe("E200");
  expect([log.error(300), log.error(399)]).toEqual(["other", "other"]);
});
