import { isError } from "../errors.ts";
import { maskCommand } from "./command-secrets.ts";
import { commandOf } from "./find-commands.ts";
import { REDACTED, type Redact } from "./redact.ts";

/** Deeper than all data of this library. Errors of other libraries may contain very large objects. */
const MAX_DEPTH = 12;
const SECRET_NAME =
  /^(?:password|passwd|passphrase|requirepass|masterauth|primaryauth|(?:sentinel|auth)-?pass|sentinelPassword)$/i;

/**
 * Converts any value to a value that JSON can represent, without secrets. Errors keep their code, details and causes. Maps become
 * objects, and `bigint` becomes text. `undefined` becomes null, so that a reader sees that the value is not known.
 */
export function toJsonValue(value: unknown, redact: Redact): unknown {
  return convert(value, redact, []);
}

function convert(value: unknown, redact: Redact, ancestors: readonly object[]): unknown {
  if (value === undefined || value === null || typeof value === "boolean") return value ?? null;
  if (typeof value === "string") return redact(value);
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value === "bigint" || typeof value === "symbol") return redact(value.toString());
  if (typeof value !== "object") return "[function]";
  if (ancestors.includes(value)) return "[circular]";
  if (ancestors.length >= MAX_DEPTH) return "[too deep]";
  const within = [...ancestors, value];
  const convertPart = (part: unknown): unknown => convert(part, redact, within);
  if (value instanceof Uint8Array) return redact(Buffer.from(value).toString());
  const command = commandOf(value);
  if (command !== undefined) return commandValue(value, command, redact, convertPart);
  if (Array.isArray(value)) return value.map(convertPart);
  if (value instanceof Set) return [...value].map(convertPart);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "invalid date" : value.toISOString();
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  const fields = entries.map(([key, field]: readonly [unknown, unknown]) => [
    redact(String(key)),
    SECRET_NAME.test(String(key)) && isWord(field) ? REDACTED : convertPart(field),
  ]);
  if (!isError(value)) return Object.fromEntries(fields);
  // These fields of an error are not enumerable.
  const { name, message, stack, cause } = value;
  return {
    ...Object.fromEntries(fields),
    ...{ name: redact(name), message: redact(message), stack: convertPart(stack) },
    ...(cause === undefined ? {} : { cause: convertPart(cause) }),
    ...("errors" in value ? { errors: convertPart(value.errors) } : {}),
  };
}

/**
 * Converts a list of words or a command object of ioredis. Each word is redacted by itself. In addition, the words at positions
 * where the command has a secret are replaced, because only the whole command shows that they are secret.
 */
function commandValue(
  value: object,
  command: readonly string[],
  redact: Redact,
  convertPart: (part: unknown) => unknown,
): unknown {
  const masked = maskCommand(command);
  // A word that is not text keeps its type, unless it is secret.
  const word = (index: number, original: unknown): unknown =>
    masked[index] === command[index] && typeof original !== "string"
      ? convertPart(original)
      : redact(masked[index] ?? "");
  if (Array.isArray(value)) return value.map((original: unknown, index) => word(index, original));
  const { args, ...rest } = value as { readonly args: readonly unknown[] };
  const others = Object.entries(rest).map(([key, field]) => [redact(key), convertPart(field)] as const);
  const words = args.flat(Number.POSITIVE_INFINITY).map((original, index) => word(index + 1, original));
  return { ...Object.fromEntries(others), args: words };
}

function isWord(value: unknown): boolean {
  return typeof value === "string" || typeof value === "number" || value instanceof Uint8Array;
}
