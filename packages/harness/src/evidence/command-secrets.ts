import { REDACTED } from "./redact.ts";

/** The directives of a server whose values are secret, in lower case. */
export const SECRET_DIRECTIVES: ReadonlySet<string> = new Set([
  "requirepass",
  "masterauth",
  "primaryauth",
  "tls-key-file-pass",
  "tls-client-key-file-pass",
  "sentinel-pass",
  "auth-pass",
]);

/** A command as a client sends it: its name, then its arguments. */
export type Command = readonly string[];

/** Secrets that are shorter are not searched in other texts, because they would be found in any text. */
const MIN_LENGTH = 4;

/**
 * Returns the positions of a command's secret arguments. Arguments that belong together, such as a name and its password, are one
 * list, and the secret is the last of them. The positions follow from the command, because an argument alone looks like any other
 * text: `s3cret` in `["CONFIG", "SET", "requirepass", "s3cret"]`.
 */
function secretPositions(command: Command): readonly (readonly number[])[] {
  const [name = "", first] = command.map((word) => word.toLowerCase());
  const setsUser = name === "user" || (name === "acl" && first === "setuser");
  return command
    .flatMap((word, index) => {
      const lower = word.toLowerCase();
      // AUTH and HELLO … AUTH have a name and a password. In MIGRATE, AUTH has one argument and AUTH2 has two.
      if (lower === "auth2" || (lower === "auth" && name !== "migrate")) return [[index + 1, index + 2]];
      if (lower === "auth" || SECRET_DIRECTIVES.has(lower)) return [[index + 1]];
      return setsUser && /^[><#!]./s.test(word) ? [[index]] : [];
    })
    .map((positions) => positions.filter((position) => position < command.length));
}

/** Returns a command with its secret arguments replaced. */
export function maskCommand(command: Command): Command {
  const positions = new Set(secretPositions(command).flat());
  return command.map((word, index) => {
    if (!positions.has(index)) return word;
    const [sign = ""] = /^[><#!]/.exec(word) ?? [];
    return `${sign}${REDACTED}`;
  });
}

/** Returns the secrets of a command, so that they can be redacted in other texts as well. */
export function secretsOfCommand(command: Command): readonly string[] {
  return secretPositions(command)
    .map((positions) => (command[positions.at(-1) ?? -1] ?? "").replace(/^[><#!]/s, ""))
    .filter(({ length }) => length >= MIN_LENGTH);
}
