import { isError } from "../errors.ts";
import { maskCommand } from "./command-secrets.ts";
import { commandOf } from "./find-commands.ts";
import { MARK, type Redact } from "./redact.ts";

/** Deeper than anything that this library makes; somebody else's error may hold half a program. */
const MOST_DEPTH = 12;
const SECRET_NAME =
  /^(?:password|passwd|passphrase|requirepass|masterauth|primaryauth|(?:sentinel|auth)-?pass|sentinelPassword)$/i;

/**
 * Anything as JSON can say it, without secrets: errors with their code, details and causes, maps as objects, `bigint`
 * as text. What is undefined becomes null, so that a reader sees that it is not known.
 */
export function toJsonValue(value: unknown, redact: Redact): unknown {
  return convert(value, redact, []);
}

function convert(value: unknown, redact: Redact, above: readonly object[]): unknown {
  if (value === undefined || value === null || typeof value === "boolean") return value ?? null;
  if (typeof value === "string") return redact(value);
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value === "bigint" || typeof value === "symbol") return redact(value.toString());
  if (typeof value !== "object") return "[function]";
  if (above.includes(value)) return "[itself]";
  if (above.length >= MOST_DEPTH) return "[more]";
  const within = [...above, value];
  const inside = (each: unknown): unknown => convert(each, redact, within);
  if (value instanceof Uint8Array) return redact(Buffer.from(value).toString());
  const command = commandOf(value);
  if (command !== undefined) return commandValue(value, command, redact, inside);
  if (Array.isArray(value)) return value.map(inside);
  if (value instanceof Set) return [...value].map(inside);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "no date" : value.toISOString();
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  const fields = entries.map(([key, each]: readonly [unknown, unknown]) => [
    redact(String(key)),
    SECRET_NAME.test(String(key)) && isWord(each) ? MARK : inside(each),
  ]);
  if (!isError(value)) return Object.fromEntries(fields);
  // Of an error these are no enumerable fields.
  const { name, message, stack, cause } = value;
  return {
    ...Object.fromEntries(fields),
    ...{ name: redact(name), message: redact(message), stack: inside(stack) },
    ...(cause === undefined ? {} : { cause: inside(cause) }),
    ...("errors" in value ? { errors: inside(value.errors) } : {}),
  };
}

/**
 * A list of words, or a command of ioredis. What is secret in it shows only in the whole: each word is redacted alone,
 * and those that stand where the command takes a secret are replaced.
 */
function commandValue(
  value: object,
  command: readonly string[],
  redact: Redact,
  inside: (each: unknown) => unknown,
): unknown {
  const masked = maskCommand(command);
  // What was no text stays what it is, unless it is secret.
  const word = (index: number, original: unknown): unknown =>
    masked[index] === command[index] && typeof original !== "string"
      ? inside(original)
      : redact(masked[index] ?? "");
  if (Array.isArray(value)) return value.map((original: unknown, index) => word(index, original));
  const { args, ...rest } = value as { readonly args: readonly unknown[] };
  const others = Object.entries(rest).map(([key, each]) => [redact(key), inside(each)] as const);
  const words = args.flat(Number.POSITIVE_INFINITY).map((original, index) => word(index + 1, original));
  return { ...Object.fromEntries(others), args: words };
}

function isWord(value: unknown): boolean {
  return typeof value === "string" || typeof value === "number" || value instanceof Uint8Array;
}
