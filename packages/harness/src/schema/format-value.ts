import { inspect } from "node:util";

/** A value that messages must not show. They show its description instead. */
export class Redacted {
  readonly description: string;

  constructor(description: string) {
    this.description = description;
  }
}

/** Returns a redacted value with its type and, for a string, its length as the description: `a string of 8 characters`. */
export function redactValue(value: unknown): Redacted {
  if (typeof value === "string") return new Redacted(`a string of ${value.length} characters`);
  if (value === null) return new Redacted("null");
  if (Array.isArray(value)) return new Redacted("an array");
  return new Redacted(typeof value === "object" ? "an object" : `a ${typeof value}`);
}

/**
 * Formats a value that a caller passed for a message: on one line, as TypeScript code. Only the first level of an array or a
 * plain object is shown. Other objects are shown only by their kind, such as `[Client]`: a client that was passed by mistake
 * contains a password.
 */
export function formatValue(value: unknown): string {
  if (value instanceof Redacted) return value.description;
  if (Array.isArray(value)) return `[${Array.from<unknown>(value).map(formatItem).join(", ")}]`;
  if (!isPlainObject(value)) return formatItem(value);
  const properties = Object.entries(value).map(([name, item]) => `${formatName(name)}: ${formatItem(item)}`);
  return properties.length === 0 ? "{}" : `{ ${properties.join(", ")} }`;
}

function formatItem(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  // The stack of an error is on further lines.
  const [line = ""] = inspect(value, { depth: -1, customInspect: false }).split("\n", 1);
  return line;
}

function formatName(name: string): string {
  return /^[a-z_$][\w$]*$/i.test(name) ? name : JSON.stringify(name);
}

/**
 * Returns whether a value is an object without a class. Its prototype may belong to another realm, because Jest runs tests in
 * their own realm.
 */
function isPlainObject(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
