import { agree, coversAllSlots, healthy } from "../checks/cluster-checks.ts";
import type { ClusterQueries } from "../queries/cluster-queries.ts";
import { type PromotionLimit, promotedReplica, recoveredWithin } from "../checks/failover-checks.ts";
import { lostAtMost, lostNoAcknowledgedWrites, unavailableAtMost } from "../checks/ledger-checks.ts";
import type { Verdict } from "../checks/verdict.ts";
import { RedisClusterError } from "../errors.ts";
import type { Failover } from "../failover/failover.ts";
import type { Ledger } from "../workload/ledger.ts";

/** The part of Vitest's state of a matcher that the matchers read. Vitest 3 and 4 do not export the type of the state. */
interface MatcherState {
  /** Which promise of the received value was awaited, such as `resolves`; undefined inside another matcher. */
  readonly promise?: string | undefined;
}

/** The result of a matcher. */
interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
}

/**
 * The matchers, for your own `expect.extend()`. The import of `testcontainers-redis-cluster/vitest` has already extended Vitest's
 * `expect` with them. The table in docs/guides/assertions.md describes each of them, and so does {@link RedisClusterMatchers}.
 */
export const redisClusterMatchers = {
  toBeHealthy(this: MatcherState, received: unknown): Promise<MatcherResult> {
    rejectAsymmetric(this, "toBeHealthy");
    return asyncResult(healthy(received));
  },
  toAgree(this: MatcherState, received: unknown): Promise<MatcherResult> {
    rejectAsymmetric(this, "toAgree");
    return asyncResult(agree(received));
  },
  toCoverAllSlots(this: MatcherState, received: unknown): Promise<MatcherResult> {
    rejectAsymmetric(this, "toCoverAllSlots");
    return asyncResult(coversAllSlots(received));
  },
  toHavePromotedReplica(received: unknown, limit?: PromotionLimit): MatcherResult {
    return matcherResult(promotedReplica(received, limit));
  },
  toHaveRecoveredWithin(received: unknown, limitMs: number): MatcherResult {
    return matcherResult(recoveredWithin(received, limitMs));
  },
  toHaveLostNoAcknowledgedWrites(received: unknown): MatcherResult {
    return matcherResult(lostNoAcknowledgedWrites(received));
  },
  toHaveLostAtMost(received: unknown, max: number): MatcherResult {
    return matcherResult(lostAtMost(received, max));
  },
  toHaveBeenUnavailableAtMost(received: unknown, limitMs: number): MatcherResult {
    return matcherResult(unavailableAtMost(received, limitMs));
  },
};

async function asyncResult(verdict: Promise<Verdict>): Promise<MatcherResult> {
  return matcherResult(await verdict);
}

function matcherResult({ ok, message, negated }: Verdict): MatcherResult {
  return { pass: ok, message: () => (ok ? negated : message) };
}

/**
 * Rejects the use of an asynchronous matcher inside another matcher, as in `toEqual(expect.toBeHealthy())`. Vitest does not await
 * the promise of such a matcher, so that it would always fail, and its negation never. The state has no `promise` only in this
 * case. The error is thrown synchronously, because Vitest would ignore a rejection.
 */
function rejectAsymmetric(state: MatcherState, name: string): void {
  if (state.promise !== undefined) return;
  throw new RedisClusterError(
    "INVALID_ARGUMENT",
    `${name}() cannot be used inside another matcher, because it queries the nodes asynchronously. ` +
      `Use \`await expect(cluster).${name}()\`.`,
  );
}

/**
 * A matcher that is available only for one type of received values. Inside another matcher the received value has type `unknown`.
 */
type MatcherFor<Supported, Received, Matcher> = [Received] extends [Supported]
  ? Matcher
  : unknown extends Received
    ? Matcher
    : never;

/** The same as {@link MatcherFor}, but not available inside another matcher. */
type TopLevelMatcherFor<Supported, Received, Matcher> = [Received] extends [Supported] ? Matcher : never;

/**
 * The types of the matchers.
 *
 * @typeParam R what a matcher returns that does not query the nodes.
 * @typeParam T the type of the received value.
 */
export interface RedisClusterMatchers<R, T> {
  /**
   * Passes if every node answers, all nodes agree, and nothing is wrong at this moment. Await it. It queries the nodes once,
   * with the default timeout of `view()`, and does not wait until the cluster is healthy: `cluster.waitUntilHealthy()` does.
   *
   * @throws RedisClusterError WAIT_TIMEOUT if the timeout passes.
   * @throws RedisClusterError CLUSTER_STOPPED after `stop()`.
   */
  toBeHealthy: TopLevelMatcherFor<Pick<ClusterQueries, "view">, T, () => Promise<void>>;
  /**
   * Passes if the nodes that answer agree on members, roles, slots and config epochs at this moment. Await it. It queries the
   * nodes once, with the default timeout of `view()`.
   *
   * @throws RedisClusterError INVALID_ARGUMENT if fewer than two nodes answer.
   * @throws RedisClusterError WAIT_TIMEOUT if the timeout passes.
   * @throws RedisClusterError CLUSTER_STOPPED after `stop()`.
   */
  toAgree: TopLevelMatcherFor<Pick<ClusterQueries, "view">, T, () => Promise<void>>;
  /**
   * Passes if, for each of the 16384 slots, a node that answers executes commands at this moment. Await it. A primary that does
   * not answer covers no slots, even if the other nodes still count its slots as covered. It queries the nodes once, with the
   * default timeout of `view()`.
   *
   * @throws RedisClusterError WAIT_TIMEOUT if the timeout passes.
   * @throws RedisClusterError CLUSTER_STOPPED after `stop()`.
   */
  toCoverAllSlots: TopLevelMatcherFor<Pick<ClusterQueries, "view">, T, () => Promise<void>>;
  /**
   * Passes if each shard that failed over has another primary at the end. A manual failover counts.
   *
   * @param limit `withinMs` limits the time from the fault to the promotion, in milliseconds. It is multiplied by the time
   * scale of the cluster. @default no limit
   * @throws RedisClusterError INVALID_ARGUMENT if the time of a promotion is unknown.
   */
  toHavePromotedReplica: MatcherFor<Failover, T, (limit?: PromotionLimit) => R>;
  /**
   * Passes if each shard that failed over recovered in time: a write to it was acknowledged, and all reachable nodes agreed.
   *
   * @param limitMs the time from the fault, in milliseconds. It is multiplied by the time scale of the cluster.
   * @throws RedisClusterError INVALID_ARGUMENT if one of these times is unknown.
   */
  toHaveRecoveredWithin: MatcherFor<Failover, T, (limitMs: number) => R>;
  /**
   * Passes if no acknowledged write was lost.
   *
   * @throws RedisClusterError INVALID_ARGUMENT if no write was acknowledged, because then none could be lost.
   */
  toHaveLostNoAcknowledgedWrites: MatcherFor<Ledger, T, () => R>;
  /**
   * Passes if at most this number of acknowledged writes was lost.
   *
   * @param max the number of writes.
   * @throws RedisClusterError INVALID_ARGUMENT if no write was acknowledged, because then none could be lost.
   */
  toHaveLostAtMost: MatcherFor<Ledger, T, (max: number) => R>;
  /**
   * Passes if no shard was without an acknowledged write for longer than this time while there were attempts to write to it.
   *
   * @param limitMs the time in milliseconds. It is multiplied by the time scale of the cluster.
   * @throws RedisClusterError INVALID_ARGUMENT if the ledger does not contain the answer: no writer wrote to a shard, or a
   * shard did not accept writes when the writers stopped.
   */
  toHaveBeenUnavailableAtMost: MatcherFor<Ledger, T, (limitMs: number) => R>;
}
