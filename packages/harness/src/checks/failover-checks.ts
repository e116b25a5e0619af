import { contradictionsIn } from "../failover/contradictions.ts";
import type { Failover, ShardFailover } from "../failover/failover.ts";
import { formatFailover } from "../failover/format-failover.ts";
import { isRecord, inconclusive, requireMs, invalidInput } from "./validate-input.ts";
import { type ScaledLimit, scaleLimit } from "./scaled-limit.ts";
import { type Verdict, verdict } from "./verdict.ts";

/** How soon a replica has to be promoted. */
export interface PromotionLimit {
  /** Milliseconds since the fault, 0 or more; on a cluster with a time scale so many times it. Default: no limit. */
  readonly withinMs?: number | undefined;
}

/**
 * Of every shard that failed over another node is primary, and became so in time. A manual failover counts; one that ended
 * with the old primary in its place again does not.
 */
export function promotedReplica(given: unknown, limit: unknown = {}): Verdict {
  const failover = requireFailover(given);
  const withinMs = requireLimit(limit);
  const shards = shardsOf(failover);
  const kept = shards.filter(({ failed, promoted }) => failed.name === promoted.name);
  if (kept.length > 0 || withinMs === undefined) {
    const again = kept.map(backAgain).join("\n");
    return verdict({
      ok: kept.length === 0,
      message: again,
      negated: `${promotionsIn(shards)}; no promotion was expected.`,
      actual: kept.length === 0 ? promotionsIn(shards) : again,
      expected: "a promoted replica",
      evidence: formatFailover(failover),
    });
  }
  const steps = shards.map(
    ({ failed, promoted, phases }): Step => ({
      what: `${promoted.name} was promoted in place of ${failed.name}`,
      // Without the nodes' logs only the views tell.
      ms: phases.electedMs ?? phases.servingMs,
    }),
  );
  return judgeSteps(failover, steps, scaleLimit(withinMs, failover.timeScale));
}

/** Of every shard that failed over the promoted node acknowledged a write and all nodes agreed, in time. */
export function recoveredWithin(given: unknown, limitMs: unknown): Verdict {
  const failover = requireFailover(given);
  const withinMs = requireMs("The limit", limitMs);
  const steps = shardsOf(failover).flatMap(({ failed, promoted, phases }): readonly Step[] => [
    { what: `A write to the shard of ${failed.name} was acknowledged`, ms: phases.recoveredMs },
    { what: `All nodes agreed about ${promoted.name}`, ms: phases.agreedMs },
  ]);
  return judgeSteps(failover, steps, scaleLimit(withinMs, failover.timeScale));
}

/** Something that has to have happened, and when it did, in milliseconds since the fault. */
interface Step {
  readonly what: string;
  readonly ms: number | undefined;
}

function judgeSteps(failover: Failover, steps: readonly Step[], limit: ScaledLimit): Verdict {
  const late = steps.filter(({ ms }) => ms !== undefined && ms > limit.ms);
  const unseen = steps.filter(({ ms }) => ms === undefined);
  if (late.length === 0 && unseen.length > 0) {
    const what = unseen.map((step) => `"${step.what}"`).join(", ");
    throw inconclusive(`no moment is known for ${what}.`, formatFailover(failover));
  }
  const last = Math.max(...steps.map(({ ms }) => ms ?? 0));
  return verdict({
    ok: late.length === 0,
    message: late
      .map(({ what, ms }) => `${what} only after ${ms} ms; within ${limit.text} was expected.`)
      .join("\n"),
    negated: `${steps.map(({ what, ms }) => `${what} after ${ms} ms.`).join("\n")}\nMore than ${limit.text} was expected.`,
    actual: `${last} ms`,
    expected: `${limit.text} or less`,
    evidence: formatFailover(failover),
  });
}

function shardsOf(failover: Failover): readonly ShardFailover[] {
  return [failover, ...failover.others];
}

function backAgain({ failed, promotions }: ShardFailover): string {
  const between = promotions
    .filter(({ name }) => name !== failed.name)
    .map(({ name, atMs }) => `${name} after ${atMs} ms`);
  const others = between.length === 0 ? "" : ` Promoted in between: ${between.join(", ")}.`;
  return `${failed.name} is primary again, so no replica is.${others}`;
}

function promotionsIn(shards: readonly ShardFailover[]): string {
  return shards
    .map(({ failed, promoted }) => `${promoted.name} was promoted in place of ${failed.name}`)
    .join("; ");
}

/** A misspelt limit must not be no limit. */
function requireLimit(given: unknown): number | undefined {
  if (!isRecord(given) || Object.keys(given).some((name) => name !== "withinMs")) {
    throw invalidInput("{ withinMs }, or nothing,", given);
  }
  const { withinMs } = given;
  return withinMs === undefined ? undefined : requireMs("withinMs", withinMs);
}

/** @throws RedisClusterError INVALID_ARGUMENT if it is no failover, or one that contradicts itself. */
function requireFailover(given: unknown): Failover {
  if (isFailover(given)) {
    const contradictions = Array.isArray(given.events) ? contradictionsIn(given) : [];
    if (contradictions.length === 0) return given;
    throw inconclusive(
      `the failover contradicts itself. ${contradictions.join("; ")}.`,
      formatFailover(given),
    );
  }
  throw invalidInput("A failover, as observeFailover() gives it,", given);
}

function isFailover(given: unknown): given is Failover {
  return isShard(given) && Array.isArray(given["others"]) && given["others"].every(isShard);
}

function isShard(given: unknown): given is Readonly<Record<string, unknown>> {
  return (
    isRecord(given) && isNamed(given["failed"]) && isNamed(given["promoted"]) && hasTimes(given["phases"])
  );
}

function isNamed(given: unknown): boolean {
  return isRecord(given) && typeof given["name"] === "string";
}

/** No limit is ever exceeded by a time that is no number. */
function hasTimes(given: unknown): boolean {
  return (
    isRecord(given) &&
    Object.values(given).every(
      (phase) => phase === undefined || typeof phase === "string" || Number.isFinite(phase),
    )
  );
}
