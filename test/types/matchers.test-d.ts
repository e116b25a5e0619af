import {
  assertHealthy,
  assertLostAtMost,
  assertPromotedReplica,
  type Failover,
  type Ledger,
  type StartedRedisCluster,
  type Workload,
} from "testcontainers-redis-cluster";
import { expect, redisClusterMatchers } from "testcontainers-redis-cluster/vitest";
import { expectTypeOf, test, expect as vitestExpect } from "vitest";

declare const cluster: StartedRedisCluster;
declare const failover: Failover;
declare const ledger: Ledger;
declare const workload: Workload;

test("matchers of a cluster return promises", () => {
  expectTypeOf(expect(cluster).toBeHealthy()).toEqualTypeOf<Promise<void>>();
  expectTypeOf(expect(cluster).not.toAgree()).toEqualTypeOf<Promise<void>>();
  expectTypeOf(expect(cluster).toCoverAllSlots()).toEqualTypeOf<Promise<void>>();
  expectTypeOf(expect.poll(() => cluster).toBeHealthy()).toEqualTypeOf<Promise<void>>();
});

test("matchers of failovers and ledgers return no promise, except after resolves", () => {
  expectTypeOf(expect(failover).toHavePromotedReplica()).toEqualTypeOf<void>();
  expectTypeOf(expect(failover).toHavePromotedReplica({ withinMs: 3_000 })).toEqualTypeOf<void>();
  expectTypeOf(expect(failover).not.toHaveRecoveredWithin(100)).toEqualTypeOf<void>();
  expectTypeOf(expect(ledger).toHaveLostNoAcknowledgedWrites()).toEqualTypeOf<void>();
  expectTypeOf(expect(ledger).toHaveLostAtMost(3)).toEqualTypeOf<void>();
  expectTypeOf(expect(ledger).toHaveBeenUnavailableAtMost(2_000)).toEqualTypeOf<void>();
  expectTypeOf(expect(workload.stop()).resolves.toHaveLostAtMost(3)).toEqualTypeOf<Promise<void>>();
});

test("each matcher is available only for its own subject", () => {
  // @ts-expect-error a failover is not a cluster
  void expect(failover).toBeHealthy();
  // @ts-expect-error a ledger is not a cluster
  void expect(ledger).toCoverAllSlots();
  // @ts-expect-error a number is not a cluster
  void expect(42).not.toAgree();
  // @ts-expect-error a ledger is not a failover
  void expect(ledger).toHavePromotedReplica();
  // @ts-expect-error this matcher is for a failover, not for a cluster
  void expect(cluster).toHaveRecoveredWithin(100);
  // @ts-expect-error a workload is not a ledger
  void expect(workload).toHaveLostNoAcknowledgedWrites();
  // @ts-expect-error a promise of a ledger is not a ledger
  void expect(workload.stop()).toHaveLostAtMost(0);
  // @ts-expect-error a value that may be undefined is not a ledger
  void expect(ledger as Ledger | undefined).toHaveBeenUnavailableAtMost(0);
});

test("limits of the wrong type do not compile", () => {
  // @ts-expect-error the limit must have a name
  expect(failover).toHavePromotedReplica(3_000);
  // @ts-expect-error unknown limit
  expect(failover).toHavePromotedReplica({ within: 3_000 });
  // @ts-expect-error the limit is missing
  expect(failover).toHaveRecoveredWithin();
  // @ts-expect-error the number of writes must be a number
  expect(ledger).toHaveLostAtMost("3");
  // @ts-expect-error the limit is missing
  expect(ledger).toHaveBeenUnavailableAtMost();
});

test("asymmetric matchers exist only for matchers that return no promise", () => {
  expect({ ledger }).toEqual({ ledger: expect.toHaveLostAtMost(0) });
  // @ts-expect-error a promise would not be awaited
  expect({ cluster }).toEqual({ cluster: expect.toBeHealthy() });
});

test("every expect of Vitest has the matchers", () => {
  expectTypeOf(vitestExpect(ledger).toHaveLostAtMost(3)).toEqualTypeOf<void>();
  expectTypeOf(vitestExpect.extend).toBeCallableWith(redisClusterMatchers);
});

test("plain assertions accept the same arguments", () => {
  expectTypeOf(assertHealthy(cluster)).toEqualTypeOf<Promise<void>>();
  expectTypeOf(assertPromotedReplica).toBeCallableWith(failover, { withinMs: undefined });
  // @ts-expect-error a failover is not a ledger
  assertLostAtMost(failover, 3);
});
