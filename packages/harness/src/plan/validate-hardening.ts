import { findForbiddenCommands, findPurpose, NEEDED_COMMANDS } from "./needed-commands.ts";
import { Redacted, redactValue } from "../schema/format-value.ts";
import type { ReportProblem } from "../schema/option-problems.ts";
import type { RedisConfig } from "./options.generated.ts";
import { splitArguments } from "./server-config.ts";

const RENAME = 'config["rename-command"]';
const USER = 'config["user"]';

/** The new names of renamed commands, by the original names in upper case. */
export type CommandNames = Readonly<Record<string, string>>;

/**
 * Validates the directive `rename-command`. Commands that the library needs cannot be removed, and some of them cannot be
 * renamed.
 *
 * @returns the new names of the renamed commands.
 */
export function validateRenames(config: RedisConfig, report: ReportProblem): CommandNames {
  const names: Record<string, string> = {};
  for (const line of valuesOf(config, "rename-command")) {
    const [from, to, ...rest] = splitArguments(line) ?? [];
    if (from === undefined || to === undefined || rest.length > 0) {
      report(
        RENAME,
        redactValue(line),
        'a command and its new name, such as \'FLUSHALL ""\' or "CONFIG secret-config"',
      );
      continue;
    }
    const command = from.toUpperCase();
    const purpose = findPurpose(command, to === "" ? "removed" : "renamed");
    if (purpose !== undefined) {
      report(
        RENAME,
        // A new name may be a secret.
        to === "" ? line : new Redacted("a new name for it"),
        `${command} to ${to === "" ? "stay available" : "keep its name"}: the library needs it to ${purpose}`,
        `To take ${command} from an application, give the application a user without it: users: { app: { rules: "~* &* +@all -${command.toLowerCase()}" } }.`,
      );
    } else if (to !== "") names[command] = to;
  }
  return names;
}

/**
 * Validates the lines of the directive `user` that describe the default user. The library logs in as this user, without a
 * password, and needs the right to execute all of {@link NEEDED_COMMANDS}.
 */
export function validateUserDirective(config: RedisConfig, report: ReportProblem): void {
  for (const line of valuesOf(config, "user")) {
    const [name, ...rules] = splitArguments(line) ?? [];
    if (name !== "default") continue;
    const problem = findDefaultUserProblem(rules);
    if (problem === undefined) continue;
    // The line may contain a password.
    report(USER, new Redacted("a line for the default user"), problem.allowed, problem.remedy);
  }
}

/** Returns the expectation that the rules of the default user do not meet, and the remedy. */
function findDefaultUserProblem(
  rules: readonly string[],
): { readonly allowed: string; readonly remedy: string } | undefined {
  const has = (...names: readonly string[]): boolean =>
    rules.some((rule) => names.includes(rule.toLowerCase()));
  if (!has("on")) {
    return {
      allowed: "the default user to be on, because the library logs in as it",
      remedy: "To switch it off, use the option `defaultUser: false`.",
    };
  }
  if (!has("nopass")) {
    return {
      allowed: "the default user to have the rule nopass here, because the library logs in as it",
      remedy: "To give it a password, use the option `password`; to switch it off, `defaultUser: false`.",
    };
  }
  if (!has("~*", "allkeys") && !rules.some((rule) => rule.startsWith("("))) {
    return {
      allowed: "the default user to have all keys (~*), because the library writes to every shard",
      remedy: "To restrict an application, give it a user of its own with the option `users`.",
    };
  }
  const [forbidden] = findForbiddenCommands(rules, NEEDED_COMMANDS) ?? [];
  if (forbidden === undefined) return undefined;
  const command = forbidden.name.toUpperCase().replace("|", " ");
  return {
    allowed: `the default user to have ${command}: the library needs it to ${forbidden.purpose}`,
    remedy:
      "To restrict an application, give it a user of its own with the option `users`; `defaultUser: false` keeps all other clients out.",
  };
}

/** Returns the values of a directive as text. */
export function valuesOf(config: RedisConfig, directive: string): readonly string[] {
  const value = config[directive];
  return value === undefined ? [] : [value].flat().map(String);
}
