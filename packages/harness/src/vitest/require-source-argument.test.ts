import { expect, test } from "vitest";
import { redisClusterTest } from "./redis-cluster-test.ts";
import { requireSourceArgument } from "./require-source-argument.ts";

test("returns the given options, or empty options without an argument", () => {
  expect(requireSourceArgument([])).toEqual({});
  expect(requireSourceArgument([{ nodes: 3 }])).toEqual({ nodes: 3 });
});

test.for([
  [undefined, "undefined"],
  [null, "null"],
  ["redisCluster", "a string"],
  [[], "an array"],
  [() => ({}), "a function"],
] as const)("rejects %s, which is neither options nor a shared cluster", ([source, typeName]) => {
  const rejected = expect.objectContaining({
    code: "INVALID_ARGUMENT",
    message: expect.stringMatching(
      new RegExp(
        `expected options or a shared cluster, got ${typeName}\\..*globalSetup.*without an argument`,
      ),
    ),
  });
  expect(() => redisClusterTest(source as never)).toThrow(rejected);
});

test("rejects an unknown scope", () => {
  expect(() => redisClusterTest({ scope: "suite" as never })).toThrow(
    'redisClusterTest: expected scope to be one of "test", "file", "worker", got "suite".',
  );
});
