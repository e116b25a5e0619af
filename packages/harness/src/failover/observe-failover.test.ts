import { expect, test } from "vitest";
import { readObserveOptions } from "./observe-failover.ts";

test.for([0, -5, Number.NaN, Number.POSITIVE_INFINITY])("rejects a timeout of %s ms", (withinMs) => {
  expect(() => readObserveOptions({ withinMs })).toThrow(
    /^Invalid withinMs: expected a number of milliseconds above 0, got .*\. Leave it out for the default of 10 000 ms/,
  );
});

test("rejects unknown names and reports all problems", () => {
  expect(() => readObserveOptions({ within: 5, waitForOldPrimary: "no" } as object)).toThrow(
    /Invalid within: .*Did you mean `withinMs`\?.*Invalid waitForOldPrimary: expected true or false, got "no"/,
  );
});
