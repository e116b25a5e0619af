import { MARK } from "./redact.ts";

/** Directives of a server whose values are secret, in small letters. */
export const SECRET_DIRECTIVES: ReadonlySet<string> = new Set([
  "requirepass",
  "masterauth",
  "primaryauth",
  "tls-key-file-pass",
  "tls-client-key-file-pass",
  "sentinel-pass",
  "auth-pass",
]);

/** A command as a client sends it, its name first. */
export type Command = readonly string[];

/** Shorter ones would be found in any text. */
const LEAST_LENGTH = 4;

/**
 * The positions of a command's secret arguments, those that belong together in one list with the secret last. They are
 * found by what the command does with them, since each argument alone looks like any other text: `s3cret` in
 * `["CONFIG", "SET", "requirepass", "s3cret"]`.
 */
function secretPositions(command: Command): readonly (readonly number[])[] {
  const [name = "", first] = command.map((each) => each.toLowerCase());
  const setsUser = name === "user" || (name === "acl" && first === "setuser");
  return command
    .flatMap((word, index) => {
      const small = word.toLowerCase();
      // AUTH, and HELLO … AUTH, take a name and a password; of MIGRATE, AUTH takes one argument and AUTH2 two.
      if (small === "auth2" || (small === "auth" && name !== "migrate")) return [[index + 1, index + 2]];
      if (small === "auth" || SECRET_DIRECTIVES.has(small)) return [[index + 1]];
      return setsUser && /^[><#!]./s.test(word) ? [[index]] : [];
    })
    .map((positions) => positions.filter((at) => at < command.length));
}

/** The command with its secret arguments replaced. */
export function maskCommand(command: Command): Command {
  const positions = new Set(secretPositions(command).flat());
  return command.map((word, index) => {
    if (!positions.has(index)) return word;
    const [sign = ""] = /^[><#!]/.exec(word) ?? [];
    return `${sign}${MARK}`;
  });
}

/** The secrets of a command, so that they are found in other texts too. */
export function secretsOfCommand(command: Command): readonly string[] {
  return secretPositions(command)
    .map((positions) => (command[positions.at(-1) ?? -1] ?? "").replace(/^[><#!]/s, ""))
    .filter(({ length }) => length >= LEAST_LENGTH);
}
