import { RedisClusterError } from "../errors.ts";

/** Returns the error for an argument that a check cannot use. The error does not contain the value, which may be large. */
export function invalidInput(name: string, expected: string, value: unknown): RedisClusterError {
  return new RedisClusterError(
    "INVALID_ARGUMENT",
    `${name}: expected ${expected}, got ${describeValue(value)}.`,
  );
}

/**
 * Returns the error for data that show neither that a check passes nor that it fails. The error is thrown, because a verdict
 * would let either the check or its negation pass.
 */
export function inconclusive(reason: string, evidence: string): RedisClusterError {
  return new RedisClusterError("INVALID_ARGUMENT", `The check is inconclusive: ${reason}\n\n${evidence}`);
}

/** Returns a number of milliseconds. @throws RedisClusterError INVALID_ARGUMENT if it is not a finite number, 0 or more. */
export function requireMs(name: string, value: unknown): number {
  if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value;
  throw invalidInput(name, "a number of milliseconds, 0 or more", value);
}

/** Returns a count. @throws RedisClusterError INVALID_ARGUMENT if it is not an integer, 0 or more. */
export function requireCount(name: string, value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw invalidInput(name, "an integer, 0 or more", value);
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function describeValue(value: unknown): string {
  if (value instanceof Promise) return "a promise that was not awaited";
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return "an array";
  if (!isRecord(value)) return String(value);
  const type = value.constructor as { readonly name?: unknown } | undefined;
  return typeof type?.name === "string" && type !== Object ? `an instance of ${type.name}` : "another object";
}
