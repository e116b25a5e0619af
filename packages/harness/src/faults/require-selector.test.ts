import { expect, test } from "vitest";
import { requireSelector } from "./require-selector.ts";
import type { Selector } from "./targets.ts";

test.for<Selector>([
  { primaryOf: "order:42" },
  { replicaOf: "" },
  { shardOf: "a" },
  { role: "replica" },
  { majorityOf: "primaries" },
  { random: 1 },
  { random: 2, role: undefined, seed: undefined },
  { random: 2, role: "primary", seed: 4_294_967_295 },
])("%o is a selector", (selector) => {
  expect(requireSelector(selector)).toEqual(selector);
});

test("what is undefined counts as not given", () => {
  const selector = { primaryOf: undefined, random: 1, seed: undefined };
  expect(Object.keys(requireSelector(selector as unknown as Selector))).toEqual(["random"]);
});

// What plain JavaScript may pass, and what would have become of it: other nodes than were meant.
test.for<readonly [unknown, string]>([
  [
    { role: "master" },
    '{ role: \'master\' } is no target: role is "master"; "primary" or "replica" was expected.',
  ],
  [{ random: 1, role: "slave" }, 'role is "slave"; "primary" or "replica" was expected'],
  [{ majorityOf: "replicas" }, 'majorityOf is "replicas"; "primaries" was expected'],
  [{ primaryOf: 42 }, "primaryOf is 42; a key, as a string was expected"],
  [{ random: 0 }, "random is 0; a whole number from 1 on was expected"],
  [{ random: "2" }, 'random is "2"; a whole number'],
  [{ random: 1, seed: -1 }, "seed is -1; a whole number from 0 to 4294967295 was expected"],
  [{ random: 1, seed: 0.5 }, "seed is 0.5; a whole number"],
  [{ random: 1, rol: "replica" }, "there is no rol in a selector"],
  [{ primary: "order:42" }, "there is no primary in a selector"],
  [{ primaryOf: "a", replicaOf: "b" }, "one of primaryOf, replicaOf"],
  [{ role: "replica", seed: 7 }, "one of primaryOf, replicaOf"],
  [{ seed: 7 }, "one of primaryOf, replicaOf"],
  [{ role: undefined }, "one of primaryOf, replicaOf"],
  [{}, "one of primaryOf, replicaOf"],
])("%o is none, and the message says why", ([selector, why]) => {
  const act = () => requireSelector(selector as Selector);
  expect(act).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  expect(act).toThrow(why);
});
