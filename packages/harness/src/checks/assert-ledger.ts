import type { Ledger } from "../workload/ledger.ts";
import { assertVerdict } from "./assert-verdict.ts";
import { lostAtMost, lostNoAcknowledgedWrites, unavailableAtMost } from "./ledger-checks.ts";

/**
 * Asserts that no acknowledged write was lost.
 *
 * @throws AssertionError with the ledger as text.
 * @throws RedisClusterError INVALID_ARGUMENT if the argument is not a ledger, or no write was acknowledged.
 */
export function assertLostNoAcknowledgedWrites(ledger: Ledger): void {
  assertVerdict(lostNoAcknowledgedWrites(ledger), assertLostNoAcknowledgedWrites);
}

/**
 * Asserts that at most a given number of acknowledged writes was lost.
 *
 * @param maxLost maximum number of lost writes: an integer, 0 or more.
 * @throws AssertionError with the ledger as text.
 * @throws RedisClusterError INVALID_ARGUMENT if an argument is invalid, or no write was acknowledged.
 */
export function assertLostAtMost(ledger: Ledger, maxLost: number): void {
  assertVerdict(lostAtMost(ledger, maxLost), assertLostAtMost);
}

/**
 * Asserts that no shard was without an acknowledged write for longer than a time while writers were writing to it.
 *
 * @param limitMs maximum time in milliseconds, multiplied by the `timeScale` of the ledger.
 * @throws AssertionError with the ledger as text.
 * @throws RedisClusterError INVALID_ARGUMENT if an argument is invalid. Also if no shard exceeds the limit, but the time of a
 * shard is not known: no writer wrote to it, or it accepted no writes when the writers stopped, for however short a time.
 */
export function assertUnavailableAtMost(ledger: Ledger, limitMs: number): void {
  assertVerdict(unavailableAtMost(ledger, limitMs), assertUnavailableAtMost);
}
