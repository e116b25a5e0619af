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
import { expectTypeOf, test, expect as vitestsOwn } from "vitest";

declare const cluster: StartedRedisCluster;
declare const failover: Failover;
declare const ledger: Ledger;
declare const workload: Workload;

test("matchers of a cluster are awaited", () => {
  expectTypeOf(expect(cluster).toBeHealthy()).toEqualTypeOf<Promise<void>>();
  expectTypeOf(expect(cluster).not.toAgree()).toEqualTypeOf<Promise<void>>();
  expectTypeOf(expect(cluster).toCoverAllSlots()).toEqualTypeOf<Promise<void>>();
  expectTypeOf(expect.poll(() => cluster).toBeHealthy()).toEqualTypeOf<Promise<void>>();
});

test("matchers of a failover and of a ledger answer at once, behind resolves later", () => {
  expectTypeOf(expect(failover).toHavePromotedReplica()).toEqualTypeOf<void>();
  expectTypeOf(expect(failover).toHavePromotedReplica({ withinMs: 3_000 })).toEqualTypeOf<void>();
  expectTypeOf(expect(failover).not.toHaveRecoveredWithin(100)).toEqualTypeOf<void>();
  expectTypeOf(expect(ledger).toHaveLostNoAcknowledgedWrites()).toEqualTypeOf<void>();
  expectTypeOf(expect(ledger).toHaveLostAtMost(3)).toEqualTypeOf<void>();
  expectTypeOf(expect(ledger).toHaveBeenUnavailableAtMost(2_000)).toEqualTypeOf<void>();
  expectTypeOf(expect(workload.stop()).resolves.toHaveLostAtMost(3)).toEqualTypeOf<Promise<void>>();
});

test("each matcher is there for what it is about only", () => {
  // @ts-expect-error a failover is no cluster
  void expect(failover).toBeHealthy();
  // @ts-expect-error a ledger is no cluster
  void expect(ledger).toCoverAllSlots();
  // @ts-expect-error a number is no cluster
  void expect(42).not.toAgree();
  // @ts-expect-error a ledger is no failover
  void expect(ledger).toHavePromotedReplica();
  // @ts-expect-error a cluster has not recovered, its failover has
  void expect(cluster).toHaveRecoveredWithin(100);
  // @ts-expect-error a workload is no ledger before it was stopped
  void expect(workload).toHaveLostNoAcknowledgedWrites();
  // @ts-expect-error a promise of a ledger is no ledger
  void expect(workload.stop()).toHaveLostAtMost(0);
  // @ts-expect-error a ledger that may be missing is none
  void expect(ledger as Ledger | undefined).toHaveBeenUnavailableAtMost(0);
});

test("limits of the wrong type do not compile", () => {
  // @ts-expect-error a limit has a name
  expect(failover).toHavePromotedReplica(3_000);
  // @ts-expect-error there is no such limit
  expect(failover).toHavePromotedReplica({ within: 3_000 });
  // @ts-expect-error without a limit there is nothing to check
  expect(failover).toHaveRecoveredWithin();
  // @ts-expect-error a number of writes is a number
  expect(ledger).toHaveLostAtMost("3");
  // @ts-expect-error how long is the question
  expect(ledger).toHaveBeenUnavailableAtMost();
});

test("inside another matcher there are only those that answer at once", () => {
  expect({ ledger }).toEqual({ ledger: expect.toHaveLostAtMost(0) });
  // @ts-expect-error nobody would await it there
  expect({ cluster }).toEqual({ cluster: expect.toBeHealthy() });
});

test("the matchers are for every expect of Vitest", () => {
  expectTypeOf(vitestsOwn(ledger).toHaveLostAtMost(3)).toEqualTypeOf<void>();
  expectTypeOf(vitestsOwn.extend).toBeCallableWith(redisClusterMatchers);
});

test("plain assertions take the same", () => {
  expectTypeOf(assertHealthy(cluster)).toEqualTypeOf<Promise<void>>();
  expectTypeOf(assertPromotedReplica).toBeCallableWith(failover, { withinMs: undefined });
  // @ts-expect-error a failover is no ledger
  assertLostAtMost(failover, 3);
});
