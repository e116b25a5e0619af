import type { AsyncMatcherResult, MatcherState, SyncMatcherResult } from "vitest";
import { agree, coversAllSlots, healthy } from "../checks/cluster-checks.ts";
import type { ClusterQueries } from "../queries/cluster-queries.ts";
import { type PromotionLimit, promotedReplica, recoveredWithin } from "../checks/failover-checks.ts";
import { lostAtMost, lostNoAcknowledgedWrites, unavailableAtMost } from "../checks/ledger-checks.ts";
import type { Verdict } from "../checks/verdict.ts";
import { RedisClusterError } from "../errors.ts";
import type { Failover } from "../failover/failover.ts";
import type { Ledger } from "../workload/ledger.ts";

/**
 * The matchers, for an `expect.extend()` of your own. Importing `testcontainers-redis-cluster/vitest` has already
 * extended Vitest's `expect` with them. What each promises is told where they are typed, at Vitest's `Matchers`.
 */
export const redisClusterMatchers = {
  toBeHealthy(this: MatcherState, received: unknown): AsyncMatcherResult {
    refuseAsymmetric(this, "toBeHealthy");
    return resultLater(healthy(received));
  },
  toAgree(this: MatcherState, received: unknown): AsyncMatcherResult {
    refuseAsymmetric(this, "toAgree");
    return resultLater(agree(received));
  },
  toCoverAllSlots(this: MatcherState, received: unknown): AsyncMatcherResult {
    refuseAsymmetric(this, "toCoverAllSlots");
    return resultLater(coversAllSlots(received));
  },
  toHavePromotedReplica(received: unknown, limit?: PromotionLimit): SyncMatcherResult {
    return resultOf(promotedReplica(received, limit));
  },
  toHaveRecoveredWithin(received: unknown, limitMs: number): SyncMatcherResult {
    return resultOf(recoveredWithin(received, limitMs));
  },
  toHaveLostNoAcknowledgedWrites(received: unknown): SyncMatcherResult {
    return resultOf(lostNoAcknowledgedWrites(received));
  },
  toHaveLostAtMost(received: unknown, most: number): SyncMatcherResult {
    return resultOf(lostAtMost(received, most));
  },
  toHaveBeenUnavailableAtMost(received: unknown, limitMs: number): SyncMatcherResult {
    return resultOf(unavailableAtMost(received, limitMs));
  },
};

async function resultLater(verdict: Promise<Verdict>): AsyncMatcherResult {
  return resultOf(await verdict);
}

function resultOf({ ok, message, negated }: Verdict): SyncMatcherResult {
  return { pass: ok, message: () => (ok ? negated : message) };
}

/**
 * Inside another matcher, as in `toEqual(expect.toBeHealthy())`, Vitest waits for no promise: it would fail always,
 * and its opposite never. Only there the state has no assertion. Thrown at once, since a rejection would not be heard.
 */
function refuseAsymmetric(state: Partial<MatcherState>, name: string): void {
  if (state.assertion !== undefined) return;
  throw new RedisClusterError(
    "INVALID_ARGUMENT",
    `${name}() asks the nodes, which takes time, and cannot be part of another matcher: await expect(cluster).${name}().`,
  );
}

/** A matcher that is there for received values of one type only. `unknown` is what it gets inside another matcher. */
type For<Fitting, Received, Matcher> = [Received] extends [Fitting]
  ? Matcher
  : unknown extends Received
    ? Matcher
    : never;

/** As {@link For}, but not inside another matcher. */
type Alone<Fitting, Received, Matcher> = [Received] extends [Fitting] ? Matcher : never;

declare module "vitest" {
  interface Matchers<R, T> {
    /**
     * At this moment every node answers, all say the same of the cluster, and nothing is wrong. Await it. It does not
     * wait for that; `cluster.waitUntilHealthy()` does. As the other two it asks the nodes once, within the default limit
     * of `view()`, and throws CLUSTER_STOPPED or WAIT_TIMEOUT where that is not to be had.
     */
    toBeHealthy: Alone<Pick<ClusterQueries, "view">, T, () => Promise<void>>;
    /**
     * At this moment the nodes that answer agree about members, roles, slots and config epochs. Await it. Throws
     * INVALID_ARGUMENT where fewer than two answer.
     */
    toAgree: Alone<Pick<ClusterQueries, "view">, T, () => Promise<void>>;
    /**
     * At this moment each of the 16384 slots is served by a node that answers and says so itself. Await it. A dead
     * primary serves nothing, even if the others have not noticed yet.
     */
    toCoverAllSlots: Alone<Pick<ClusterQueries, "view">, T, () => Promise<void>>;
    /**
     * Each shard that failed over has another primary now, with `withinMs` so many milliseconds after the fault or
     * sooner, times the cluster's time scale. A manual failover counts. Throws INVALID_ARGUMENT where the moment is not
     * known.
     */
    toHavePromotedReplica: For<Failover, T, (limit?: PromotionLimit) => R>;
    /**
     * Each shard that failed over was whole again so many milliseconds, times the cluster's time scale, after the fault
     * or sooner: a client's write to it was acknowledged, and every node that can be reached agreed. Throws
     * INVALID_ARGUMENT where a moment is not known.
     */
    toHaveRecoveredWithin: For<Failover, T, (limitMs: number) => R>;
    /** Every acknowledged write is there. Throws INVALID_ARGUMENT where none was acknowledged, which proves nothing. */
    toHaveLostNoAcknowledgedWrites: For<Ledger, T, () => R>;
    /** So many acknowledged writes are gone, or fewer. Throws INVALID_ARGUMENT where none was acknowledged. */
    toHaveLostAtMost: For<Ledger, T, (most: number) => R>;
    /**
     * No shard was without an acknowledged write for more than so many milliseconds, times the cluster's time scale,
     * while one was wanted. Throws INVALID_ARGUMENT where the ledger cannot tell: nobody wrote to a shard, or one had not
     * come back when the writers stopped.
     */
    toHaveBeenUnavailableAtMost: For<Ledger, T, (limitMs: number) => R>;
  }
}
