import { expect, test } from "vitest";
import { InvalidOptionsError } from "../errors.ts";
import { validateOptions } from "./validate-options.ts";

function problemsOf(options: object): readonly string[] {
  try {
    validateOptions(options, {});
    return [];
  } catch (error) {
    if (!(error instanceof InvalidOptionsError)) throw error;
    return error.problems.map(({ option, given, allowed }) => `${option}: expected ${allowed}, got ${given}`);
  }
}

const THREE_PATHS = "an array of 3 paths, one for each primary in the order of the shards";

test.each<[unknown, RegExp | string]>([
  ["seed.redis", /^seed: expected a function .*\{ commands: "FILE" \}/],
  [null, /^seed: expected a function/],
  [["a"], /^seed: expected a function/],
  [{}, /^seed: expected a function/],
  [{ commands: "a", rdb: ["a", "b", "c"] }, /^seed: expected a function/],
  [{ command: "a" }, /^seed\.command: .*one of the options commands, rdb, aof/],
  [{ commands: "" }, 'seed.commands: expected the path of a file, got ""'],
  [{ commands: ["a"] }, 'seed.commands: expected the path of a file, got ["a"]'],
  [{ rdb: "a" }, `seed.rdb: expected ${THREE_PATHS}, got "a"`],
  [{ rdb: ["a", "b"] }, `seed.rdb: expected ${THREE_PATHS}, got ["a", "b"]`],
  [{ aof: ["a", "b", 3] }, `seed.aof: expected ${THREE_PATHS}, got ["a", "b", 3]`],
  [{ aof: ["a", "b", "c\0"] }, /^seed\.aof: expected/],
])("rejects the seed %j", (seed, expected) => {
  const [problem = "", ...others] = problemsOf({ seed });
  if (typeof expected === "string") expect(problem).toBe(expected);
  else expect(problem).toMatch(expected);
  expect(others).toEqual([]);
});

test("reports unknown properties together with other problems", () => {
  expect(problemsOf({ nodes: 0, seed: { commands: 1, files: [] } })).toHaveLength(3);
});

test("returns the kind and the files of a seed", () => {
  const load = (): void => {};
  expect(validateOptions({ seed: load }, {}).seed).toEqual({ kind: "function", load });
  expect(validateOptions({ seed: { commands: "a" } }, {}).seed).toEqual({ kind: "commands", files: ["a"] });
  expect(validateOptions({ nodes: 2, replicas: 0, seed: { rdb: ["a", "b"] } }, {}).seed).toEqual({
    kind: "rdb",
    files: ["a", "b"],
  });
  expect(validateOptions({}, {}).seed).toBeUndefined();
});

test("rejects the removal of commands for restoring data only if there is a seed", () => {
  const config = { "rename-command": ['DUMP ""', "RESTORE other"] };
  expect(problemsOf({ config })).toEqual([]);
  expect(problemsOf({ config, seed: () => {} })).toEqual([
    'config["rename-command"]: expected DUMP to stay available: the library needs it to load the data of `seed` and return to it, got "DUMP \\"\\""',
  ]);
  const user = { user: "default on nopass ~* &* +@all -restore" };
  expect(problemsOf({ config: user })).toEqual([]);
  expect(problemsOf({ config: user, seed: () => {} })).toEqual([
    expect.stringContaining("the default user to have RESTORE"),
  ]);
});
