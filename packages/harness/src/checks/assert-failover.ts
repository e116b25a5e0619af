import type { Failover } from "../failover/failover.ts";
import { assertVerdict } from "./assert-verdict.ts";
import { type PromotionLimit, promotedReplica, recoveredWithin } from "./failover-checks.ts";

/**
 * Asserts that each shard that failed over has another primary now, elected within `withinMs` of the fault where that is given. The
 * moment is `electedMs`, or `servingMs` where that is unknown. A manual failover counts; one that ended with the old primary in its place
 * again does not. The limit is multiplied by
 * the failover's `timeScale`.
 *
 * @throws AssertionError with the failover's timeline. RedisClusterError INVALID_ARGUMENT where it is given no
 * failover or no limit in milliseconds, or no moment is known.
 */
export function assertPromotedReplica(failover: Failover, limit: PromotionLimit = {}): void {
  assertVerdict(promotedReplica(failover, limit), assertPromotedReplica);
}

/**
 * Asserts that each shard that failed over was whole again within so many milliseconds of the fault: the promoted node
 * acknowledged a write (`recoveredMs`), and every node that can be reached agreed (`agreedMs`). The limit is
 * multiplied by the failover's `timeScale`.
 *
 * @throws AssertionError with the failover's timeline. RedisClusterError INVALID_ARGUMENT where it is given no
 * failover or no limit in milliseconds, or a moment is not known.
 */
export function assertRecoveredWithin(failover: Failover, limitMs: number): void {
  assertVerdict(recoveredWithin(failover, limitMs), assertRecoveredWithin);
}
