import { expect, test } from "vitest";
import type { Selector } from "./select.ts";
import { validateSelector } from "./validate-selector.ts";

test.for<Selector>([
  { primaryOf: "order:42" },
  { replicaOf: "" },
  { shardOf: "a" },
  { role: "replica" },
  { majorityOf: "primaries" },
  { random: 1 },
  { random: 2, role: undefined, seed: undefined },
  { random: 2, role: "primary", seed: 4_294_967_295 },
])("accepts %o", (selector) => {
  expect(validateSelector(selector)).toEqual(selector);
});

test("removes properties that are undefined", () => {
  const selector = { primaryOf: undefined, random: 1, seed: undefined };
  expect(Object.keys(validateSelector(selector as unknown as Selector))).toEqual(["random"]);
});

// Plain JavaScript may pass these values. Without validation they would select other nodes than intended.
test.for<readonly [unknown, string]>([
  [
    { role: "master" },
    'Invalid target { role: "master" }: expected role to be "primary" or "replica", got "master".',
  ],
  [{ random: 1, role: "slave" }, 'expected role to be "primary" or "replica", got "slave"'],
  [{ majorityOf: "replicas" }, 'expected majorityOf to be "primaries", got "replicas"'],
  [{ primaryOf: 42 }, "expected primaryOf to be a key, as a string, got 42"],
  [{ random: 0 }, "expected random to be an integer above 0, got 0"],
  [{ random: "2" }, 'an integer above 0, got "2"'],
  [{ random: 1, seed: -1 }, "expected seed to be an integer from 0 to 4294967295, got -1"],
  [{ random: 1, seed: 0.5 }, "expected seed to be an integer from 0 to 4294967295, got 0.5"],
  [{ random: 1, rol: "replica" }, "majorityOf, random, seed, got rol"],
  [
    { primary: "order:42" },
    "expected one of primaryOf, replicaOf, shardOf, role, majorityOf, random, seed, got primary",
  ],
  [{ primaryOf: "a", replicaOf: "b" }, "expected exactly one of primaryOf, replicaOf"],
  [{ role: "replica", seed: 7 }, "expected exactly one of primaryOf, replicaOf"],
  [{ seed: 7 }, "expected exactly one of primaryOf, replicaOf"],
  [{ role: undefined }, "expected exactly one of primaryOf, replicaOf"],
  [{}, "expected exactly one of primaryOf, replicaOf"],
])("rejects %o with a reason", ([selector, reason]) => {
  const validate = () => validateSelector(selector as Selector);
  expect(validate).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  expect(validate).toThrow(reason);
});
