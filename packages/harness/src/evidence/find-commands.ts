import type { Command } from "./command-secrets.ts";

const MOST_DEPTH = 12;

/** A list of words that may be a command: an argument list, or an ioredis command with its name before its arguments. */
export function commandOf(value: object): Command | undefined {
  if (Array.isArray(value)) return wordsOf(value);
  const { name, args } = value as { readonly name?: unknown; readonly args?: unknown };
  if (typeof name !== "string" || !Array.isArray(args)) return undefined;
  const words = wordsOf(args.flat(Number.POSITIVE_INFINITY));
  return words === undefined ? undefined : [name, ...words];
}

/** Every command in a value, such as an error with its causes: what ioredis attaches to an error that a server sent. */
export function findCommands(value: unknown, above: readonly object[] = []): readonly Command[] {
  if (typeof value !== "object" || value === null) return [];
  if (above.includes(value) || above.length >= MOST_DEPTH) return [];
  const within = [...above, value];
  const own = commandOf(value);
  return [
    ...(own === undefined ? [] : [own]),
    ...partsOf(value).flatMap((part) => findCommands(part, within)),
  ];
}

/** The parts of a value, also those of an error that are not enumerable. */
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
