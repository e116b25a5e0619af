import { expect, test } from "vitest";
import { redisClusterTest } from "./redis-cluster-test.ts";
import { requireSource } from "./require-source.ts";

test("no argument means a cluster with the default options", () => {
  expect(requireSource([])).toEqual({});
  expect(requireSource([{ nodes: 3 }])).toEqual({ nodes: 3 });
});

test.for([
  [undefined, "undefined"],
  [null, "null"],
  ["redisCluster", "a string"],
  [[], "an array"],
  [() => ({}), "a function"],
] as const)("anything that is neither options nor a shared cluster is refused: %s", ([from, shown]) => {
  const refused = expect.objectContaining({
    code: "INVALID_ARGUMENT",
    message: expect.stringMatching(
      new RegExp(`expected options or a shared cluster, got ${shown}\\..*globalSetup.*without an argument`),
    ),
  });
  expect(() => redisClusterTest(from as never)).toThrow(refused);
});

test("a scope that does not exist is refused", () => {
  expect(() => redisClusterTest({ scope: "suite" as never })).toThrow(
    'redisClusterTest: expected the scope "test", "file" or "worker", got "suite".',
  );
});
