import type { Command } from "./command-secrets.ts";

const MAX_DEPTH = 12;

/**
 * Returns the words of a value that may be a command: a list of arguments, or a command object of ioredis. Otherwise undefined.
 */
export function commandOf(value: object): Command | undefined {
  if (Array.isArray(value)) return wordsOf(value);
  const { name, args } = value as { readonly name?: unknown; readonly args?: unknown };
  if (typeof name !== "string" || !Array.isArray(args)) return undefined;
  const words = wordsOf(args.flat(Number.POSITIVE_INFINITY));
  return words === undefined ? undefined : [name, ...words];
}

/** Returns every command in a value, such as an error with its causes. ioredis attaches the command to an error of a server. */
export function findCommands(value: unknown, ancestors: readonly object[] = []): readonly Command[] {
  if (typeof value !== "object" || value === null) return [];
  if (ancestors.includes(value) || ancestors.length >= MAX_DEPTH) return [];
  const within = [...ancestors, value];
  const own = commandOf(value);
  return [
    ...(own === undefined ? [] : [own]),
    ...partsOf(value).flatMap((part) => findCommands(part, within)),
  ];
}

/** Returns the parts of a value, also the parts of an error that are not enumerable. */
function partsOf(value: object): readonly unknown[] {
  if (value instanceof Uint8Array) return [];
  if (value instanceof Map) return [...value].flat();
  if (value instanceof Set) return [...value];
  const { cause, errors } = value as { readonly cause?: unknown; readonly errors?: unknown };
  return [...Object.values(value), cause, errors];
}

function wordsOf(list: readonly unknown[]): Command | undefined {
  const words = list.map(wordOf);
  return words.length > 0 && words.every((word) => word !== undefined) ? words : undefined;
}

function wordOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean")
    return String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  return value === null || value === undefined ? "" : undefined;
}
