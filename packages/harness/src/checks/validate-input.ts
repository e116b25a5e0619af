import { RedisClusterError } from "../errors.ts";

/** The error for something that a check cannot look at. The value itself is not shown: it may be large. */
export function invalidInput(expected: string, given: unknown): RedisClusterError {
  return new RedisClusterError("INVALID_ARGUMENT", `${expected} was expected; got ${nameOf(given)}.`);
}

/**
 * The error for evidence that shows neither that a check holds nor that it does not. It is thrown, because a verdict
 * would let the check or its opposite pass.
 */
export function inconclusive(reason: string, evidence: string): RedisClusterError {
  return new RedisClusterError("INVALID_ARGUMENT", `This proves nothing: ${reason}\n\n${evidence}`);
}

/** @throws RedisClusterError INVALID_ARGUMENT */
export function requireMs(name: string, given: unknown): number {
  if (typeof given === "number" && Number.isFinite(given) && given >= 0) return given;
  throw invalidInput(`${name}: a number of milliseconds, 0 or more,`, given);
}

/** @throws RedisClusterError INVALID_ARGUMENT */
export function requireCount(name: string, given: unknown): number {
  if (Number.isSafeInteger(given) && (given as number) >= 0) return given as number;
  throw invalidInput(`${name}: a whole number, 0 or more,`, given);
}

export function isRecord(given: unknown): given is Readonly<Record<string, unknown>> {
  return typeof given === "object" && given !== null;
}

function nameOf(given: unknown): string {
  if (given instanceof Promise) return "a promise that was not awaited";
  if (typeof given === "string") return JSON.stringify(given);
  if (typeof given === "function") return "a function";
  if (Array.isArray(given)) return "an array";
  if (!isRecord(given)) return String(given);
  const made = given.constructor as { readonly name?: unknown } | undefined;
  return typeof made?.name === "string" && made !== Object ? `an instance of ${made.name}` : "another object";
}
