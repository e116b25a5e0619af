import type { Ledger } from "../workload/ledger.ts";
import { assertVerdict } from "./assert-verdict.ts";
import { lostAtMost, lostNoAcknowledgedWrites, unavailableAtMost } from "./ledger-checks.ts";

/**
 * Asserts that every acknowledged write is there.
 *
 * @throws AssertionError with the ledger as text. RedisClusterError INVALID_ARGUMENT where it is given no ledger, or
 * one without any acknowledged write, which proves nothing.
 */
export function assertLostNoAcknowledgedWrites(ledger: Ledger): void {
  assertVerdict(lostNoAcknowledgedWrites(ledger), assertLostNoAcknowledgedWrites);
}

/**
 * Asserts that so many acknowledged writes are gone, or fewer.
 *
 * @throws AssertionError with the ledger as text. RedisClusterError INVALID_ARGUMENT where it is given no ledger, one
 * without any acknowledged write, or no whole number.
 */
export function assertLostAtMost(ledger: Ledger, most: number): void {
  assertVerdict(lostAtMost(ledger, most), assertLostAtMost);
}

/**
 * Asserts that no shard was without an acknowledged write for more than so many milliseconds while one was wanted. The
 * limit is multiplied by the ledger's `timeScale`.
 *
 * @throws AssertionError with the ledger as text. RedisClusterError INVALID_ARGUMENT where it is given no ledger or no
 * limit in milliseconds; or if no shard exceeds the limit but the ledger cannot tell, because nobody wrote to a shard, or
 * one took no writes any more when the writers stopped, for however short a time.
 */
export function assertUnavailableAtMost(ledger: Ledger, limitMs: number): void {
  assertVerdict(unavailableAtMost(ledger, limitMs), assertUnavailableAtMost);
}
