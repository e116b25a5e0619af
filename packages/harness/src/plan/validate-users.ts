import { forbiddenCommands, REPLICATION_COMMANDS } from "./needed-commands.ts";
import { Hidden, hiddenKind, type Report } from "../schema/option-problems.ts";
import type { ClusterShape, RedisConfig } from "./options.generated.ts";
import { hasControlCharacter } from "./server-config.ts";
import { isObject } from "../schema/option.ts";
import { readOptions, reportUnknownNames, type Values } from "../schema/read-options.ts";
import { USER_OPTIONS } from "./cluster-options.ts";

/** A user without gaps: `password: true` means that a random one must be generated. */
interface ValidUser {
  readonly name: string;
  readonly password: string | true;
  readonly rules: readonly string[];
}

/** Who may log in, and who logs in for what. */
export interface ValidUsers {
  readonly users: readonly ValidUser[];
  readonly defaultUser: boolean;
  /** Undefined: replication logs in as the default user, or as a user of its own if that is off. */
  readonly replicationUser: string | undefined;
}

/** The users that the plan adds if the default user is off, by what they are for. */
export const OWN_USERS = { harness: "harness", replication: "replication" } as const;

const NAME = /^[A-Za-z0-9][\w.@:-]*$/;
/** Rules about passwords: the plan sets the only password, so that `credentials(name)` is right. */
const PASSWORD_RULE = /^([<>#!]|(nopass|resetpass|reset)$)/i;
const RULES = 'rules of ACL SETUSER, such as "~app:* +@read" or ["~app:*", "+@read"]';

/** Checks all options about users. Whether the server knows a rule's command is up to the server. */
export function validateUsers(
  options: ClusterShape,
  values: Values<Pick<ClusterShape, "users" | "defaultUser" | "replicationUser">>,
  config: RedisConfig,
  report: Report,
): ValidUsers {
  const users = Object.entries(values.users ?? {}).flatMap(([name, user]) =>
    validateNamedUser(name, user, report),
  );
  const { defaultUser } = values;
  if (defaultUser === false && options.password !== undefined) {
    report(
      "password",
      hiddenKind(options.password),
      "no password for a default user that is off",
      "Leave out `password` or `defaultUser: false`; each of `users` has a password of its own.",
    );
  }
  for (const name of defaultUser === false ? Object.values(OWN_USERS) : []) {
    if (!users.some((user) => user.name === name)) continue;
    report(
      `users["${name}"]`,
      new Hidden("a user"),
      `another name than ${Object.values(OWN_USERS).join(" and ")}, which are the library's own users if the default user is off`,
      "Rename it.",
    );
  }
  const replicationUser = validateReplicationUser(values.replicationUser, users, report);
  if (users.length > 0 || defaultUser === false || replicationUser !== undefined) {
    for (const directive of ["user", "aclfile"]) {
      if (!Object.hasOwn(config, directive)) continue;
      report(
        `config["${directive}"]`,
        new Hidden("a value"),
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
  report: Report,
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
  // Rules that are wrong themselves are reported where they are.
  const rules = user.rules.filter((rule) => typeof rule === "string");
  const forbidden = forbiddenCommands(rules, REPLICATION_COMMANDS) ?? [];
  if (forbidden.length > 0 && rules.length > 0) {
    report(
      "replicationUser",
      value,
      `a user that may replicate; ${JSON.stringify(user.name)} has no right to ${forbidden.map(({ name }) => name.toUpperCase()).join(", ")}`,
      'Add "+psync +replconf +ping" to its rules.',
    );
  }
  const switches = rules.map((rule) => rule.toLowerCase()).filter((rule) => rule === "on" || rule === "off");
  if (switches.at(-1) === "off") {
    report(
      "replicationUser",
      value,
      `a user that may log in; ${JSON.stringify(user.name)} is off`,
      'Remove "off" from its rules.',
    );
  }
  return user.name;
}

function validateNamedUser(name: string, user: unknown, report: Report): readonly ValidUser[] {
  const option = `users[${JSON.stringify(name)}]`;
  if (name === "default") {
    report(
      option,
      new Hidden("a user"),
      "another name than default",
      "The default user has the options `password` and `defaultUser`.",
    );
  } else if (!NAME.test(name)) {
    report(
      option,
      new Hidden("a user"),
      "a name of letters, digits and _ . @ : - that begins with a letter or digit",
    );
  }
  if (!isObject(user)) {
    report(option, hiddenKind(user), "an object with `rules` and, optionally, `password`");
    return [];
  }
  reportUnknownNames(USER_OPTIONS, user, report, `${option}.`);
  const { password = true } = readOptions(USER_OPTIONS, user, report, { prefix: `${option}.` });
  return [{ name, password, rules: validateRules(`${option}.rules`, user["rules"], report) }];
}

function validateRules(option: string, value: unknown, report: Report): readonly string[] {
  const text = typeof value === "string";
  // Control characters are refused, not taken for blanks.
  const rules: readonly unknown[] = text
    ? value.split(/ +/).filter(Boolean)
    : Array.isArray(value)
      ? value
      : [];
  if (rules.length === 0) {
    report(option, text || Array.isArray(value) ? new Hidden("none") : hiddenKind(value), RULES);
    return [];
  }
  for (const rule of rules) {
    // Not shown: it may hold a password.
    const given =
      typeof rule === "string" ? new Hidden(`a rule of ${rule.length} characters`) : hiddenKind(rule);
    if (typeof rule !== "string" || rule === "" || hasControlCharacter(rule)) {
      report(option, given, `${RULES}, without control characters`);
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
