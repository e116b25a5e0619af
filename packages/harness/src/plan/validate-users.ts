import { findForbiddenCommands, REPLICATION_COMMANDS } from "./needed-commands.ts";
import { Redacted, redactValue } from "../schema/format-value.ts";
import type { ReportProblem } from "../schema/option-problems.ts";
import type { ClusterShape, RedisConfig } from "./options.generated.ts";
import { hasControlCharacter } from "./server-config.ts";
import { isObject } from "../schema/option.ts";
import { readOptions, reportUnknownOptions, type Values } from "../schema/read-options.ts";
import { USER_OPTIONS } from "./cluster-options.ts";

/** A valid user. `password: true` means that a random password must be generated. */
interface ValidUser {
  readonly name: string;
  readonly password: string | true;
  readonly rules: readonly string[];
}

/** The users of a cluster, and the user of replication. */
export interface ValidUsers {
  readonly users: readonly ValidUser[];
  readonly defaultUser: boolean;
  /** If undefined, replicas log in as the default user, or as an additional user if the default user is off. */
  readonly replicationUser: string | undefined;
}

/** The names of the users that the plan adds if the default user is off. */
export const LIBRARY_USERS = { harness: "harness", replication: "replication" } as const;

const USER_NAME = /^[A-Za-z0-9][\w.@:-]*$/;
/** Rules about passwords. The plan sets the only password of a user, so that `credentials(name)` returns it. */
const PASSWORD_RULE = /^([<>#!]|(nopass|resetpass|reset)$)/i;
const ALLOWED_RULES = 'rules of ACL SETUSER, such as "~app:* +@read" or ["~app:*", "+@read"]';

/** Validates all options about users. The commands in rules are validated only by the server. */
export function validateUsers(
  options: ClusterShape,
  values: Values<Pick<ClusterShape, "users" | "defaultUser" | "replicationUser">>,
  config: RedisConfig,
  report: ReportProblem,
): ValidUsers {
  const users = Object.entries(values.users ?? {}).flatMap(([name, user]) =>
    validateNamedUser(name, user, report),
  );
  const { defaultUser } = values;
  if (defaultUser === false && options.password !== undefined) {
    report(
      "password",
      redactValue(options.password),
      "no password for a default user that is off",
      "Leave out `password` or `defaultUser: false`; each of `users` has a password of its own.",
    );
  }
  for (const name of defaultUser === false ? Object.values(LIBRARY_USERS) : []) {
    if (!users.some((user) => user.name === name)) continue;
    report(
      `users["${name}"]`,
      new Redacted("a user"),
      `another name than ${Object.values(LIBRARY_USERS).join(" and ")}, which are the library's own users if the default user is off`,
      "Rename it.",
    );
  }
  const replicationUser = validateReplicationUser(values.replicationUser, users, report);
  if (users.length > 0 || defaultUser === false || replicationUser !== undefined) {
    for (const directive of ["user", "aclfile"]) {
      if (!Object.hasOwn(config, directive)) continue;
      report(
        `config["${directive}"]`,
        new Redacted("a value"),
        "no such directive together with the options `users`, `defaultUser` or `replicationUser`",
        "Describe all users with the option `users`.",
      );
    }
  }
  return { users, defaultUser: defaultUser !== false, replicationUser };
}

function validateReplicationUser(
  value: string | undefined,
  users: readonly ValidUser[],
  report: ReportProblem,
): string | undefined {
  if (value === undefined) return undefined;
  const names = users.map(({ name }) => name);
  const user = users.find(({ name }) => name === value);
  if (user === undefined) {
    const known = names.map((name) => JSON.stringify(name)).join(", ");
    return report(
      "replicationUser",
      value,
      names.length === 0 ? "the name of one of `users`, which has none" : `one of ${known}`,
      'Add it to `users`, with the rules "+psync +replconf +ping".',
    );
  }
  // Invalid rules are reported separately.
  const rules = user.rules.filter((rule) => typeof rule === "string");
  const forbidden = findForbiddenCommands(rules, REPLICATION_COMMANDS) ?? [];
  if (forbidden.length > 0 && rules.length > 0) {
    report(
      "replicationUser",
      value,
      `a user that may replicate; ${JSON.stringify(user.name)} has no right to ${forbidden.map(({ name }) => name.toUpperCase()).join(", ")}`,
      'Add "+psync +replconf +ping" to its rules.',
    );
  }
  const onOrOff = rules.map((rule) => rule.toLowerCase()).filter((rule) => rule === "on" || rule === "off");
  if (onOrOff.at(-1) === "off") {
    report(
      "replicationUser",
      value,
      `a user that may log in; ${JSON.stringify(user.name)} is off`,
      'Remove "off" from its rules.',
    );
  }
  return user.name;
}

function validateNamedUser(name: string, user: unknown, report: ReportProblem): readonly ValidUser[] {
  const option = `users[${JSON.stringify(name)}]`;
  if (name === "default") {
    report(
      option,
      new Redacted("a user"),
      "another name than default",
      "The default user has the options `password` and `defaultUser`.",
    );
  } else if (!USER_NAME.test(name)) {
    report(
      option,
      new Redacted("a user"),
      "a name of letters, digits and _ . @ : - that begins with a letter or digit",
    );
  }
  if (!isObject(user)) {
    report(option, redactValue(user), "an object with `rules` and, optionally, `password`");
    return [];
  }
  reportUnknownOptions(USER_OPTIONS, user, report, `${option}.`);
  const { password = true } = readOptions(USER_OPTIONS, user, report, { prefix: `${option}.` });
  return [{ name, password, rules: validateRules(`${option}.rules`, user["rules"], report) }];
}

function validateRules(option: string, value: unknown, report: ReportProblem): readonly string[] {
  const isText = typeof value === "string";
  // Only blanks separate rules, so that control characters are reported.
  const rules: readonly unknown[] = isText
    ? value.split(/ +/).filter(Boolean)
    : Array.isArray(value)
      ? value
      : [];
  if (rules.length === 0) {
    report(option, isText || Array.isArray(value) ? new Redacted("none") : redactValue(value), ALLOWED_RULES);
    return [];
  }
  for (const rule of rules) {
    // The rule may contain a password.
    const given =
      typeof rule === "string" ? new Redacted(`a rule of ${rule.length} characters`) : redactValue(rule);
    if (typeof rule !== "string" || rule === "" || hasControlCharacter(rule)) {
      report(option, given, `${ALLOWED_RULES}, without control characters`);
    } else if (/\s/.test(rule) && !/^\([^()]*\)$/.test(rule)) {
      report(
        option,
        given,
        "one rule in each string of the list; only a selector in parentheses contains blanks",
      );
    } else if (PASSWORD_RULE.test(rule)) {
      report(option, given, "no rule about passwords", "Use `password`.");
    }
  }
  return rules as readonly string[];
}
