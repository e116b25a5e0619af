import { expect, test } from "vitest";
import { InvalidOptionsError, type OptionProblem } from "../errors.ts";
import { type OptionsToValidate, type ValidOptions, validateOptions } from "./validate-options.ts";

function problems(options: unknown): readonly OptionProblem[] {
  try {
    validateOptions(options as OptionsToValidate, {});
  } catch (error) {
    if (error instanceof InvalidOptionsError) return error.problems;
    throw error;
  }
  throw new Error("expected an InvalidOptionsError");
}

const users = (name: string, rules: unknown): unknown => ({ users: { [name]: { rules } } });

const usersOf = (options: OptionsToValidate): ValidOptions["users"] => validateOptions(options, {}).users;

test("accepts rules as one text or as a list, and a user without a password", () => {
  const app = { name: "app", password: true, rules: ["~app:*", "+@read"] };
  expect(usersOf({ users: { app: { rules: "  ~app:* +@read " } } })).toEqual([app]);
  expect(usersOf({ users: { app: { rules: ["~app:*", "+@read"], password: true } } })).toEqual([app]);
  expect(usersOf({ users: { app: { rules: ["(~a +get)"], password: "p" } } })).toEqual([
    { name: "app", password: "p", rules: ["(~a +get)"] },
  ]);
});

test("rejects the default user in the option users", () => {
  expect(problems(users("default", "+ping"))).toEqual([
    {
      option: 'users["default"]',
      given: "a user",
      allowed: "another name than default",
      remedy: "The default user has the options `password` and `defaultUser`.",
    },
  ]);
});

test.each(["", "a b", "a\nuser b on nopass ~* +@all", 'a"', "#a", "-a", "__proto__", "ä"])(
  "rejects the user name %j",
  (name) => {
    // In JSON, `__proto__` is a property like any other.
    const options: unknown = JSON.parse(`{"users":{${JSON.stringify(name)}:{"rules":"+ping"}}}`);
    expect(problems(options)).toMatchObject([
      { option: `users[${JSON.stringify(name)}]`, allowed: expect.stringMatching(/^a name of letters/) },
    ]);
  },
);

test.each([">x", "<x", "#aa", "!aa", "nopass", "NOPASS", "resetpass", "reset"])(
  "rejects the rule %s, because passwords have an option",
  (rule) => {
    for (const rules of [`+ping ${rule}`, ["+ping", rule]]) {
      expect(problems(users("app", rules))).toMatchObject([
        { option: 'users["app"].rules', allowed: "no rule about passwords", remedy: "Use `password`." },
      ]);
    }
  },
);

test.each([
  ["the value undefined", undefined],
  ["an empty list", []],
  ["only blanks", "  "],
  ["a number", 5],
  ["a number in a list", [5]],
  ["an empty rule", ["+ping", ""]],
  ["a line break", "+ping\nuser x"],
  ["a line break in a list", ["+ping\n"]],
  ["two rules as one", ["+ping +get"]],
  ["two selectors as one", ["(+ping) (+get)"]],
])("rejects rules with %s", (_, rules) => {
  expect(problems(users("app", rules))).toMatchObject([{ option: 'users["app"].rules' }]);
});

test("rejects only the directives of TLS that the plan determines", () => {
  const config = { "tls-port": 7000, "tls-protocols": "TLSv1.3" };
  expect(problems({ tls: true, config })).toMatchObject([{ option: 'config["tls-port"]' }]);
  expect(validateOptions({ config }, {}).config).toEqual(config);
});

test.each([
  ["tls", { tls: 1 }],
  ["tls.clientAuth", { tls: { clientAuth: "no" } }],
  ["tls.ca", { tls: { ca: "x" } }],
])("rejects an invalid %s", (option, options) => {
  expect(problems(options)).toMatchObject([{ option }]);
});

test("accepts TLS without options; client certificates are not required by default", () => {
  expect(validateOptions({ tls: false }, {}).tls).toBeUndefined();
  for (const tls of [true, {}, { clientAuth: false }] as const) {
    expect(validateOptions({ tls }, {}).tls).toEqual({ clientAuth: false, names: "all" });
  }
});
