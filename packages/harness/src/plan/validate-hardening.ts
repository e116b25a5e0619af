import { forbiddenCommands, NEEDED_COMMANDS, whyNeeded } from "./needed-commands.ts";
import { Hidden, hiddenKind, type Report } from "../schema/option-problems.ts";
import type { RedisConfig } from "./options.generated.ts";
import { splitArguments } from "./server-config.ts";

const RENAME = 'config["rename-command"]';
const USER = 'config["user"]';

/** New names of commands, both in upper case as far as the servers' own names go. */
export type CommandNames = Readonly<Record<string, string>>;

/**
 * Checks the directive `rename-command`: commands that the library needs cannot be removed, and some of them cannot get
 * another name. Returns the new names of those that it will send by another name.
 */
export function validateRenames(config: RedisConfig, report: Report): CommandNames {
  const names: Record<string, string> = {};
  for (const line of valuesOf(config, "rename-command")) {
    const [from, to, ...rest] = splitArguments(line) ?? [];
    if (from === undefined || to === undefined || rest.length > 0) {
      report(
        RENAME,
        hiddenKind(line),
        'a command and its new name, such as \'FLUSHALL ""\' or "CONFIG secret-config"',
      );
      continue;
    }
    const command = from.toUpperCase();
    const why = whyNeeded(command, to === "" ? "removed" : "renamed");
    if (why !== undefined) {
      report(
        RENAME,
        // A new name is meant to be known to few.
        to === "" ? line : new Hidden("a new name for it"),
        `${command} to ${to === "" ? "stay available" : "keep its name"}: the library needs it to ${why}`,
        `To take ${command} from an application, give that a user without it: users: { app: { rules: "~* &* +@all -${command.toLowerCase()}" } }.`,
      );
    } else if (to !== "") names[command] = to;
  }
  return names;
}

/**
 * Checks what the directive `user` says of the default user: the library logs in as that one, without a password, and
 * needs all of its own commands.
 */
export function validateUserDirective(config: RedisConfig, report: Report): void {
  for (const line of valuesOf(config, "user")) {
    const [name, ...rules] = splitArguments(line) ?? [];
    if (name !== "default") continue;
    const problem = defaultUserProblem(rules);
    // The line is not shown: it may hold a password.
    if (problem !== undefined)
      report(USER, new Hidden("a line for the default user"), problem[0], problem[1]);
  }
}

/** What is expected of the default user, and the remedy. */
function defaultUserProblem(rules: readonly string[]): readonly [string, string] | undefined {
  const has = (...names: readonly string[]): boolean =>
    rules.some((rule) => names.includes(rule.toLowerCase()));
  if (!has("on")) {
    return [
      "the default user to be on, because the library logs in as it",
      "To switch it off, use the option `defaultUser: false`.",
    ];
  }
  if (!has("nopass")) {
    return [
      "the default user to have the rule nopass here, because the library logs in as it",
      "To give it a password, use the option `password`; to switch it off, `defaultUser: false`.",
    ];
  }
  if (!has("~*", "allkeys") && !rules.some((rule) => rule.startsWith("("))) {
    return [
      "the default user to have all keys (~*), because the library writes to every shard",
      "To restrict an application, give it a user of its own with the option `users`.",
    ];
  }
  const [forbidden] = forbiddenCommands(rules, NEEDED_COMMANDS) ?? [];
  if (forbidden === undefined) return undefined;
  const command = forbidden.name.toUpperCase().replace("|", " ");
  return [
    `the default user to have ${command}: the library needs it to ${forbidden.purpose}`,
    "To restrict an application, give it a user of its own with the option `users`; `defaultUser: false` keeps everything else out.",
  ];
}

export function valuesOf(config: RedisConfig, directive: string): readonly string[] {
  const value = config[directive];
  return value === undefined ? [] : [value].flat().map(String);
}
