import type { Failover } from "../failover/failover.ts";
import { assertVerdict } from "./assert-verdict.ts";
import { type PromotionLimit, promotedReplica, recoveredWithin } from "./failover-checks.ts";

/**
 * Asserts that each shard that failed over has another primary at the end, elected within `withinMs` of the fault if that is set.
 * The time of the election is `electedMs`, or `servingMs` if that is unknown. A manual failover counts. The assertion fails if
 * the old primary is primary again at the end.
 *
 * @param limit.withinMs maximum time in milliseconds, multiplied by the `timeScale` of the failover. @default no limit
 * @throws AssertionError with the timeline of the failover.
 * @throws RedisClusterError INVALID_ARGUMENT if an argument is invalid, the failover contradicts itself, or the time is unknown.
 */
export function assertPromotedReplica(failover: Failover, limit: PromotionLimit = {}): void {
  assertVerdict(promotedReplica(failover, limit), assertPromotedReplica);
}

/**
 * Asserts that each shard that failed over has recovered within a time after the fault: the promoted node acknowledged a write
 * (`recoveredMs`), and all reachable nodes agreed about the shard (`agreedMs`).
 *
 * @param limitMs maximum time in milliseconds, multiplied by the `timeScale` of the failover.
 * @throws AssertionError with the timeline of the failover.
 * @throws RedisClusterError INVALID_ARGUMENT if an argument is invalid, the failover contradicts itself, or a time is unknown.
 */
export function assertRecoveredWithin(failover: Failover, limitMs: number): void {
  assertVerdict(recoveredWithin(failover, limitMs), assertRecoveredWithin);
}
