import { inspect } from "node:util";

/**
 * What somebody passed, on one line of a message. Of what is no plain data only the kind: a client that was passed by
 * mistake has a password in it.
 */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  return inspect(value, { depth: isPlain(value) ? 0 : -1, breakLength: Number.POSITIVE_INFINITY });
}

/** Also of another realm: Jest runs tests, and what they pass, in one of their own. */
function isPlain(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
