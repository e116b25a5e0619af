import { expect, test } from "vitest";
import type { Fingerprint } from "./fingerprint.ts";
import { LateEffectsError, requireNoLateCommands } from "./late-effects.ts";
import { MARK_CALLS, STATISTICS_MARK } from "./irreversible-changes.ts";

const MARKED = [STATISTICS_MARK, MARK_CALLS] as const;
const before = (marks = MARK_CALLS): Fingerprint =>
  ({ node: "node-1", calls: new Map([[STATISTICS_MARK, marks]]) }) as unknown as Fingerprint;

function thrown(calls: ReadonlyMap<string, number>, isNewProcess = false, marks = MARK_CALLS): unknown {
  try {
    requireNoLateCommands([{ before: before(marks), calls, isNewProcess }]);
    return undefined;
  } catch (error) {
    return error;
  }
}

test("accepts a node on which only commands of the formation were called", () => {
  expect(thrown(new Map([MARKED, ["cluster|reset", 1], ["config|set", 3], ["set", 1]]))).toBeUndefined();
  // The statistics of a new process do not have the mark yet, and a server may not have the mark command.
  expect(thrown(new Map([["cluster|meet", 1]]), true)).toBeUndefined();
  expect(thrown(new Map(), false, 0)).toBeUndefined();
});

test("throws with the node and the command if a command has lasting effects", () => {
  const error = thrown(new Map([MARKED, ["config|rewrite", 1]]));
  expect(error).toBeInstanceOf(LateEffectsError);
  expect(error).toMatchObject({
    code: "RESET_FAILED",
    nodes: new Map([
      [
        "node-1",
        "node-1 executed commands with lasting or unknown effects (CONFIG REWRITE) while reset() was running",
      ],
    ]),
  });
  expect(thrown(new Map([["debug", 1]]), true)).toBeInstanceOf(LateEffectsError);
});

test("throws with the node if a client reset its statistics, which may hide calls", () => {
  expect(thrown(new Map([["config|resetstat", 1]]))).toMatchObject({
    nodes: new Map([["node-1", "the command statistics of node-1 were reset while reset() was running"]]),
  });
});
