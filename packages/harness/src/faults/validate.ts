import { RedisClusterError } from "../errors.ts";
import { formatValue } from "../schema/format-value.ts";

/** @throws RedisClusterError INVALID_ARGUMENT if the value is not a number from `min` to `max`. */
export function requireNumber(name: string, value: number, min: number, max: number): void {
  if (Number.isFinite(value) && value >= min && value <= max) return;
  throw new RedisClusterError(
    "INVALID_ARGUMENT",
    `Invalid ${name}: expected a number from ${min} to ${max}, got ${value}.`,
  );
}

/**
 * Rejects a value that TypeScript would not allow.
 *
 * @throws RedisClusterError INVALID_ARGUMENT if the value is not one of the allowed values.
 */
export function requireOneOf(name: string, value: string, allowed: readonly string[]): void {
  if (allowed.includes(value)) return;
  throw new RedisClusterError(
    "INVALID_ARGUMENT",
    `Invalid ${name}: expected one of ${allowed.map(formatValue).join(", ")}, got ${formatValue(value)}.`,
  );
}
