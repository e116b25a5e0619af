import { expect, test } from "vitest";
import { failoverWith, shardFailoverWith } from "../failover/failover.fixture.ts";
import { ledgerWith, shardWith } from "../workload/ledger.fixture.ts";
import { promotedReplica, recoveredWithin } from "./failover-checks.ts";
import { unavailableAtMost } from "./ledger-checks.ts";
import { scaleLimit } from "./scaled-limit.ts";

test("returns the same limit if there is no time scale", () => {
  expect(scaleLimit(5_000, 1)).toEqual({ ms: 5_000, text: "5000 ms" });
  expect(scaleLimit(5_000, undefined)).toEqual({ ms: 5_000, text: "5000 ms" });
});

test("multiplies the limit of a failover by the time scale, and reports both limits", () => {
  const failover = failoverWith({ ...shardFailoverWith(), timeScale: 3 });
  expect(recoveredWithin(failover, 505).ok).toBe(true);
  expect(promotedReplica(failover, { withinMs: 501 }).ok).toBe(true);
  const late = recoveredWithin(failover, 504);
  expect(late.ok).toBe(false);
  expect(late.message).toContain("expected within 1512 ms (504 ms at time scale 3)");
});

test("multiplies the limit of an unavailable shard by the time scale", () => {
  const shards = [shardWith(0, 1_000, 1_200)];
  expect(unavailableAtMost(ledgerWith({ shards, timeScale: 3 }), 400).ok).toBe(true);
  expect(unavailableAtMost(ledgerWith({ shards }), 400).ok).toBe(false);
});
