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
])("accepts a removed or renamed %s", (command) => {
  expect(problemsOf(renamed(`${command} ""`))).toEqual([]);
  expect(problemsOf(renamed(`${command} hidden-${command}`))).toEqual([]);
});

test.each([
  ["CONFIG", "form and repair the cluster"],
  ["config", "reset the cluster and verify the reset"],
  ["CLUSTER", "form and repair the cluster"],
  ["INFO", "read the nodes' views"],
  ["ACL", "reset the cluster"],
  ["MODULE", "reset the cluster"],
  ["PING", "check whether a node answers"],
  ["SET", "accepts writes"],
  ["AUTH", "log in"],
  ["PSYNC", "replicate"],
])("rejects the removal of %s with the purpose of the command", (command, purpose) => {
  expect(problemsOf(renamed(`${command} ""`))).toEqual([
    {
      option: 'config["rename-command"]',
      given: JSON.stringify(`${command} ""`),
      allowed: expect.stringMatching(`^${command.toUpperCase()} to stay available: .*${purpose}`),
      remedy: expect.stringContaining(`-${command.toLowerCase()}`),
    },
  ]);
});

test("accepts and returns new names of commands that only the library sends", () => {
  const shape = renamed("CONFIG secret-config", 'flushall ""', 'acl "a \\"b\\""', "Module 'm n'");
  expect(validateOptions(shape, {}).commandNames).toEqual({
    CONFIG: "secret-config",
    ACL: 'a "b"',
    MODULE: "m n",
  });
  expect(validateOptions({}, {}).commandNames).toEqual({});
});

test.each(["CLUSTER", "INFO", "PING", "AUTH", "HELLO", "CLIENT", "REPLCONF", "SET", "WAIT", "EXEC"])(
  "rejects a new name of %s, which clients or replicas send",
  (command) => {
    expect(problemsOf(renamed(`${command} other`))).toMatchObject([
      { allowed: expect.stringMatching(`^${command} to keep its name`) },
    ]);
  },
);

test.each(["DBSIZE", "TIME", "FLUSHALL", "BGSAVE"])(
  "accepts the removal of %s, which the library does not need",
  (command) => {
    expect(problemsOf(renamed(`${command} ""`))).toEqual([]);
    expect(problemsOf(user(`default on nopass ~* &* +@all -${command}`))).toEqual([]);
  },
);

test("rejects lines of rename-command that are not a name and a new name", () => {
  for (const line of ["FLUSHALL", "", 'FLUSHALL "', 'FLUSHALL "" x', 'FLUSHALL ""x']) {
    expect(problemsOf({ config: { "rename-command": line } })).toMatchObject([
      { option: 'config["rename-command"]', given: `a string of ${line.length} characters` },
    ]);
  }
  expect(problemsOf(renamed('CONFIG ""', 'INFO ""'))).toHaveLength(2);
  // An escape sequence does not hide the name.
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
])("accepts the line %j of an ACL user", (line) => {
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
])("rejects the line %j of the default user", (line, allowed) => {
  expect(problemsOf(user(line))).toEqual([
    {
      option: 'config["user"]',
      given: "a line for the default user",
      allowed: expect.stringContaining(allowed),
      remedy: expect.stringMatching(/defaultUser|`users`/),
    },
  ]);
});

test("rejects an ACL line for the default user together with the option password", () => {
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
])("rejects %j", (options, option, allowed) => {
  expect(problemsOf(options)).toMatchObject([{ option, allowed: expect.stringContaining(allowed) }]);
});

test.each<ClusterShape>([
  { defaultUser: false },
  { defaultUser: false, users: { copy }, replicationUser: "copy" },
  { defaultUser: true, password: "x", users: { harness: copy, replication: copy } },
  { users: { all: { rules: "~* +@all" } }, replicationUser: "all", password: "x" },
])("accepts %j", (options) => {
  expect(problemsOf(options)).toEqual([]);
});

test.each([["all"], ["hosts"], ["redis.example"], ["redis"], ["a-1.b2.c"]])(
  "accepts the names %j of certificates",
  (names) => {
    expect(validateOptions({ tls: { names } }, {}).tls).toEqual({ clientAuth: false, names });
  },
);

test.each([[""], ["10.0.0.1"], ["::1"], ["*.example"], ["a b"], ["-a"], ["a..b"], [["hosts"]], [true], [5]])(
  "rejects the names %j of certificates",
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
