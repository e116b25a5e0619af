import { expect, test } from "vitest";
import type { Fingerprint } from "./fingerprint.ts";
import { LateEffectsError, requireNoLateCommands } from "./late-effects.ts";
import { MARK_CALLS, STATISTICS_MARK } from "./irreversible-changes.ts";

const MARKED = [STATISTICS_MARK, MARK_CALLS] as const;
const before = (marks = MARK_CALLS): Fingerprint =>
  ({ node: "node-1", calls: new Map([[STATISTICS_MARK, marks]]) }) as unknown as Fingerprint;

function thrown(calls: ReadonlyMap<string, number>, isNew = false, marks = MARK_CALLS): unknown {
  try {
    requireNoLateCommands([{ before: before(marks), calls, isNew }]);
    return undefined;
  } catch (error) {
    return error;
  }
}

test("a node that was only formed again before its cleaning is kept", () => {
  expect(thrown(new Map([MARKED, ["cluster|reset", 1], ["config|set", 3], ["set", 1]]))).toBeUndefined();
  // A new process has no statistics with the mark yet, and neither has a server without the command.
  expect(thrown(new Map([["cluster|meet", 1]]), true)).toBeUndefined();
  expect(thrown(new Map(), false, 0)).toBeUndefined();
});

test("a node that was told something with lasting effects before its cleaning is named", () => {
  const error = thrown(new Map([MARKED, ["config|rewrite", 1]]));
  expect(error).toBeInstanceOf(LateEffectsError);
  expect(error).toMatchObject({
    code: "RESET_FAILED",
    nodes: new Map([["node-1", "node-1 was told CONFIG REWRITE during the reset"]]),
  });
  expect(thrown(new Map([["debug", 1]]), true)).toBeInstanceOf(LateEffectsError);
});

test("a node whose statistics somebody else began again is named, because they may hide something", () => {
  expect(thrown(new Map([["config|resetstat", 1]]))).toMatchObject({
    nodes: new Map([["node-1", "the statistics of node-1 were reset during the reset"]]),
  });
});
