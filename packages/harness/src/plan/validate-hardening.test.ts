import { expect, test } from "vitest";
import { InvalidOptionsError, type OptionProblem } from "../errors.ts";
import type { ClusterShape } from "./options.generated.ts";
import { validateOptions } from "./validate-options.ts";

function problemsOf(options: ClusterShape): readonly OptionProblem[] {
  try {
    validateOptions(options, {});
  } catch (error) {
    if (error instanceof InvalidOptionsError) return error.problems;
    throw error;
  }
  return [];
}

const renamed = (...lines: readonly string[]): ClusterShape => ({ config: { "rename-command": lines } });

test.each([
  ["FLUSHALL"],
  ["FLUSHDB"],
  ["KEYS"],
  ["DEBUG"],
  ["SHUTDOWN"],
  ["SAVE"],
  ["BGSAVE"],
  ["SCRIPT"],
  ["SLOWLOG"],
])("%s can be removed or renamed", (command) => {
  expect(problemsOf(renamed(`${command} ""`))).toEqual([]);
  expect(problemsOf(renamed(`${command} hidden-${command}`))).toEqual([]);
});

test.each([
  ["CONFIG", "form and repair the cluster"],
  ["config", "reset the cluster and to prove it"],
  ["CLUSTER", "form and repair the cluster"],
  ["INFO", "read the nodes' views"],
  ["ACL", "reset the cluster"],
  ["MODULE", "reset the cluster"],
  ["PING", "see whether a node answers"],
  ["SET", "takes writes"],
  ["AUTH", "log in"],
  ["PSYNC", "replicate"],
])("%s cannot be removed, and the message says why", (command, purpose) => {
  expect(problemsOf(renamed(`${command} ""`))).toEqual([
    {
      option: 'config["rename-command"]',
      given: JSON.stringify(`${command} ""`),
      allowed: expect.stringMatching(`^${command.toUpperCase()} to stay available: .*${purpose}`),
      remedy: expect.stringContaining(`-${command.toLowerCase()}`),
    },
  ]);
});

test("commands that only the library sends can be renamed, and it knows their new names", () => {
  const shape = renamed("CONFIG secret-config", 'flushall ""', 'acl "a \\"b\\""', "Module 'm n'");
  expect(validateOptions(shape, {}).commandNames).toEqual({
    CONFIG: "secret-config",
    ACL: 'a "b"',
    MODULE: "m n",
  });
  expect(validateOptions({}, {}).commandNames).toEqual({});
});

test.each(["CLUSTER", "INFO", "PING", "AUTH", "HELLO", "CLIENT", "REPLCONF", "SET", "WAIT", "EXEC"])(
  "%s, which clients or replicas send by its own name, cannot be renamed",
  (command) => {
    expect(problemsOf(renamed(`${command} other`))).toMatchObject([
      { allowed: expect.stringMatching(`^${command} to keep its name`) },
    ]);
  },
);

test.each(["DBSIZE", "TIME", "FLUSHALL", "BGSAVE"])(
  "%s, which the library can do without, may be removed",
  (command) => {
    expect(problemsOf(renamed(`${command} ""`))).toEqual([]);
    expect(problemsOf(user(`default on nopass ~* &* +@all -${command}`))).toEqual([]);
  },
);

test("each line of rename-command is a name and a new name", () => {
  for (const line of ["FLUSHALL", "", 'FLUSHALL "', 'FLUSHALL "" x', 'FLUSHALL ""x']) {
    expect(problemsOf({ config: { "rename-command": line } })).toMatchObject([
      { option: 'config["rename-command"]', given: `a string of ${line.length} characters` },
    ]);
  }
  expect(problemsOf(renamed('CONFIG ""', 'INFO ""'))).toHaveLength(2);
  // An escape is no way around.
  expect(problemsOf(renamed('"\\x43ONFIG" ""'))).toHaveLength(1);
});

const user = (line: string): ClusterShape => ({ config: { user: ["app on nopass +ping", line] } });

test.each([
  ["default on nopass ~* &* +@all"],
  ["default on nopass allkeys allcommands"],
  ["default on nopass ~* &* +@all -flushall -keys -@scripting"],
  ["default on nopass ~* &* +@all -@dangerous +@admin +info"],
  ["default on nopass ~* +@read +@write +@admin +@connection +@transaction +@fast +@slow"],
  ['"default" on nopass ~* +@all (~x -config)'],
  ["defaults off"],
])("the line %j leaves the library what it needs", (line) => {
  expect(problemsOf(user(line))).toEqual([]);
});

test.each([
  ["default off", "the default user to be on"],
  ["default nopass ~* +@all", "the default user to be on"],
  ["default on >secret ~* +@all", "the default user to have the rule nopass"],
  ["default on nopass ~app:* +@all", "the default user to have all keys"],
  ["default on nopass ~* +@all -cluster", "CLUSTER INFO: the library needs it to"],
  ["default on nopass ~* +@all -config|set", "CONFIG SET: the library needs it to form"],
  ["default on nopass ~* +@all -@dangerous", "the default user to have CLUSTER ADDSLOTS"],
  ["default on nopass ~* +@all -@all", "the default user to have CLUSTER INFO"],
  ["default on nopass ~* +@read", "the default user to have CLUSTER INFO"],
  ["default on nopass ~* +@all -ping", "PING"],
])("the line %j is refused before the start", (line, allowed) => {
  expect(problemsOf(user(line))).toEqual([
    {
      option: 'config["user"]',
      given: "a line for the default user",
      allowed: expect.stringContaining(allowed),
      remedy: expect.stringMatching(/defaultUser|`users`/),
    },
  ]);
});

test("an ACL line for the default user does not go with its password", () => {
  const config = { user: "default on nopass ~* +@all" };
  expect(problemsOf({ password: "secret", config })).toMatchObject([{ option: 'config["user"]' }]);
});

const copy = { rules: "+psync +replconf +ping" };

test.each<readonly [ClusterShape, string, string]>([
  [{ defaultUser: false, password: "x" }, "password", "no password for a default user that is off"],
  [{ defaultUser: false, config: { user: "a on" } }, 'config["user"]', "no such directive together"],
  [{ defaultUser: false, config: { aclfile: "/x" } }, 'config["aclfile"]', "no such directive together"],
  [
    { users: { copy }, replicationUser: "copy", config: { aclfile: "/x" } },
    'config["aclfile"]',
    "no such directive together",
  ],
  [{ defaultUser: false, users: { harness: copy } }, 'users["harness"]', "another name than harness"],
  [{ defaultUser: false, users: { replication: copy } }, 'users["replication"]', "another name than"],
  [{ replicationUser: "copy" }, "replicationUser", "one of `users`, which has none"],
  [{ replicationUser: "default", users: { copy } }, "replicationUser", 'one of "copy"'],
  [
    { replicationUser: "copy", users: { copy: { rules: "~* +@all -psync" } } },
    "replicationUser",
    '"copy" has no right to PSYNC',
  ],
  [
    { replicationUser: "copy", users: { copy: { rules: "+psync +replconf +ping OFF" } } },
    "replicationUser",
    '"copy" is off',
  ],
  [{ config: { masteruser: "copy" } }, 'config["masteruser"]', "no such directive in `config`"],
])("%j is refused", (options, option, allowed) => {
  expect(problemsOf(options)).toMatchObject([{ option, allowed: expect.stringContaining(allowed) }]);
});

test.each<ClusterShape>([
  { defaultUser: false },
  { defaultUser: false, users: { copy }, replicationUser: "copy" },
  { defaultUser: true, password: "x", users: { harness: copy, replication: copy } },
  { users: { all: { rules: "~* +@all" } }, replicationUser: "all", password: "x" },
])("%j is accepted", (options) => {
  expect(problemsOf(options)).toEqual([]);
});

test.each([["all"], ["hosts"], ["redis.example"], ["redis"], ["a-1.b2.c"]])(
  "certificates can have the names %j",
  (names) => {
    expect(validateOptions({ tls: { names } }, {}).tls).toEqual({ clientAuth: false, names });
  },
);

test.each([[""], ["10.0.0.1"], ["::1"], ["*.example"], ["a b"], ["-a"], ["a..b"], [["hosts"]], [true], [5]])(
  "certificates cannot have the names %j",
  (names) => {
    expect(problemsOf({ tls: { names: names as string } })).toEqual([
      {
        option: "tls.names",
        given: JSON.stringify(names),
        allowed: '"all", "hosts" or one DNS name, such as "redis.example"',
      },
    ]);
  },
);
