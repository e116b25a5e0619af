import { findContradictions } from "../failover/contradictions.ts";
import type { Failover, ShardFailover } from "../failover/failover.ts";
import { formatFailover } from "../failover/format-failover.ts";
import { type ScaledLimit, scaleLimit } from "./scaled-limit.ts";
import { inconclusive, invalidInput, isRecord, requireMs } from "./validate-input.ts";
import { type Verdict, verdict } from "./verdict.ts";

/** The time within which a replica must be promoted. */
export interface PromotionLimit {
  /**
   * Maximum time from the fault to the promotion, in milliseconds, 0 or more. It is multiplied by the time scale of the cluster.
   * @default no limit
   */
  readonly withinMs?: number | undefined;
}

/**
 * Checks that in each shard that failed over, another node is primary at the end and was promoted in time. A manual failover
 * counts. A shard whose old primary is primary again at the end does not.
 */
export function promotedReplica(input: unknown, limit: unknown = {}): Verdict {
  const failover = requireFailover(input);
  const withinMs = requirePromotionLimit(limit);
  const shards = shardsOf(failover);
  const reverted = shards.filter(({ failed, promoted }) => failed.name === promoted.name);
  if (reverted.length > 0 || withinMs === undefined) {
    const message = reverted.map(describeReverted).join("\n");
    return verdict({
      ok: reverted.length === 0,
      message,
      negated: `${describePromotions(shards)}: expected no promotion.`,
      actual: reverted.length === 0 ? describePromotions(shards) : message,
      expected: "a promoted replica",
      evidence: formatFailover(failover),
    });
  }
  const milestones = shards.map(
    ({ failed, promoted, phases }): Milestone => ({
      what: `${promoted.name} was promoted in place of ${failed.name}`,
      // Without the logs of the nodes, only their views show the promotion.
      ms: phases.electedMs ?? phases.servingMs,
    }),
  );
  return milestonesVerdict(failover, milestones, scaleLimit(withinMs, failover.timeScale));
}

/** Checks that in each shard that failed over, the promoted node acknowledged a write and all nodes agreed in time. */
export function recoveredWithin(input: unknown, limitMs: unknown): Verdict {
  const failover = requireFailover(input);
  const withinMs = requireMs("Limit", limitMs);
  const milestones = shardsOf(failover).flatMap(({ failed, promoted, phases }): readonly Milestone[] => [
    { what: `A write to the shard of ${failed.name} was acknowledged`, ms: phases.recoveredMs },
    { what: `All nodes agreed about ${promoted.name}`, ms: phases.agreedMs },
  ]);
  return milestonesVerdict(failover, milestones, scaleLimit(withinMs, failover.timeScale));
}

/** A required event, and its time in milliseconds since the fault. The time is undefined if it is unknown. */
interface Milestone {
  readonly what: string;
  readonly ms: number | undefined;
}

function milestonesVerdict(
  failover: Failover,
  milestones: readonly Milestone[],
  limit: ScaledLimit,
): Verdict {
  const late = milestones.filter(({ ms }) => ms !== undefined && ms > limit.ms);
  const unknown = milestones.filter(({ ms }) => ms === undefined);
  if (late.length === 0 && unknown.length > 0) {
    const list = unknown.map(({ what }) => `"${what}"`).join(", ");
    throw inconclusive(`the time is unknown for ${list}.`, formatFailover(failover));
  }
  const lastMs = Math.max(...milestones.map(({ ms }) => ms ?? 0));
  return verdict({
    ok: late.length === 0,
    message: late.map(({ what, ms }) => `${what} after ${ms} ms: expected within ${limit.text}.`).join("\n"),
    negated: `${milestones.map(({ what, ms }) => `${what} after ${ms} ms.`).join("\n")}\nExpected more than ${limit.text}.`,
    actual: `${lastMs} ms`,
    expected: `${limit.text} or less`,
    evidence: formatFailover(failover),
  });
}

function shardsOf(failover: Failover): readonly ShardFailover[] {
  return [failover, ...failover.others];
}

function describeReverted({ failed, promotions }: ShardFailover): string {
  const between = promotions
    .filter(({ name }) => name !== failed.name)
    .map(({ name, atMs }) => `${name} after ${atMs} ms`);
  const others = between.length === 0 ? "" : ` Promoted in between: ${between.join(", ")}.`;
  return `No replica is primary at the end: ${failed.name} is primary again.${others}`;
}

function describePromotions(shards: readonly ShardFailover[]): string {
  return shards
    .map(({ failed, promoted }) => `${promoted.name} was promoted in place of ${failed.name}`)
    .join("; ");
}

/** Returns the limit of a promotion. Other properties are rejected, because a misspelled limit must not mean no limit. */
function requirePromotionLimit(limit: unknown): number | undefined {
  if (!isRecord(limit) || Object.keys(limit).some((name) => name !== "withinMs")) {
    throw invalidInput("Limit", "{ withinMs } or nothing", limit);
  }
  const { withinMs } = limit;
  return withinMs === undefined ? undefined : requireMs("withinMs", withinMs);
}

/** @throws RedisClusterError INVALID_ARGUMENT if the value is not a failover, or is a failover that contradicts itself. */
function requireFailover(value: unknown): Failover {
  if (isFailover(value)) {
    const contradictions = Array.isArray(value.events) ? findContradictions(value) : [];
    if (contradictions.length === 0) return value;
    throw inconclusive(
      `the failover contradicts itself. ${contradictions.join("; ")}.`,
      formatFailover(value),
    );
  }
  throw invalidInput("Failover", "the result of observeFailover()", value);
}

function isFailover(value: unknown): value is Failover {
  return isShard(value) && Array.isArray(value["others"]) && value["others"].every(isShard);
}

function isShard(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    isRecord(value) && hasName(value["failed"]) && hasName(value["promoted"]) && hasTimes(value["phases"])
  );
}

function hasName(value: unknown): boolean {
  return isRecord(value) && typeof value["name"] === "string";
}

/** Returns whether all times are numbers. A time that is not a number would never exceed a limit. */
function hasTimes(value: unknown): boolean {
  return (
    isRecord(value) &&
    Object.values(value).every(
      (phase) => phase === undefined || typeof phase === "string" || Number.isFinite(phase),
    )
  );
}
