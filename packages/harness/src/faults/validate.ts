import { RedisClusterError } from "../errors.ts";
import { shown } from "./shown.ts";

/** @throws RedisClusterError INVALID_ARGUMENT */
export function requireNumber(name: string, value: number, least: number, most: number): void {
  if (Number.isFinite(value) && value >= least && value <= most) return;
  throw new RedisClusterError(
    "INVALID_ARGUMENT",
    `Invalid ${name}: expected a number from ${least} to ${most}, got ${value}.`,
  );
}

/**
 * Refuses a value that TypeScript would not allow.
 *
 * @throws RedisClusterError INVALID_ARGUMENT
 */
export function requireOneOf(name: string, value: string, allowed: readonly string[]): void {
  if (allowed.includes(value)) return;
  throw new RedisClusterError(
    "INVALID_ARGUMENT",
    `Invalid ${name}: expected one of ${allowed.map(shown).join(", ")}, got ${shown(value)}.`,
  );
}
