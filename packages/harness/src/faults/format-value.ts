import { inspect } from "node:util";

/**
 * Formats a value that a caller passed, on one line, for a message. An object that is not plain data is shown only by its kind: a
 * client that was passed by mistake contains a password.
 */
export function formatValue(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  return inspect(value, { depth: isPlain(value) ? 0 : -1, breakLength: Number.POSITIVE_INFINITY });
}

/**
 * Returns whether a value is plain data. Its prototype may belong to another realm, because Jest runs tests in their own realm.
 */
function isPlain(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
