import { formatLedger } from "../workload/format-ledger.ts";
import type { Ledger, ShardLedger } from "../workload/ledger.ts";
import { scaleLimit } from "./scaled-limit.ts";
import { inconclusive, invalidInput, isRecord, requireCount, requireMs } from "./validate-input.ts";
import { type Verdict, verdict } from "./verdict.ts";

/** Checks that no acknowledged write was lost. */
export function lostNoAcknowledgedWrites(input: unknown): Verdict {
  return lostAtMost(input, 0);
}

/**
 * Checks that at most a given number of acknowledged writes was lost.
 *
 * @throws RedisClusterError INVALID_ARGUMENT if no write was acknowledged, so that none could be lost.
 */
export function lostAtMost(input: unknown, limit: unknown): Verdict {
  const ledger = requireLedger(input);
  const maxLost = requireCount("Limit", limit);
  const { acknowledged, lost } = ledger;
  if (acknowledged === 0) {
    throw inconclusive("no write was acknowledged, so none could be lost.", formatLedger(ledger));
  }
  const found = `${lost.length || "None"} of ${acknowledged} acknowledged writes ${lost.length > 1 ? "were" : "was"} lost`;
  return verdict({
    ok: lost.length <= maxLost,
    message: `${found}: expected ${maxLost === 0 ? "none" : `at most ${maxLost}`}.`,
    negated: `${found}: expected ${maxLost === 0 ? "at least one" : `more than ${maxLost}`}.`,
    actual: `${lost.length} lost`,
    expected: maxLost === 0 ? "0 lost" : `${maxLost} lost or fewer`,
    evidence: formatLedger(ledger),
  });
}

/**
 * Checks that no shard was longer without an acknowledged write, while writers were writing to it.
 *
 * @throws RedisClusterError INVALID_ARGUMENT if no shard exceeds the limit, but the time of a shard is not known: no writer wrote
 * to it, or it accepted no writes when the writers stopped.
 */
export function unavailableAtMost(input: unknown, limitMs: unknown): Verdict {
  const ledger = requireLedger(input);
  const limit = scaleLimit(requireMs("Limit", limitMs), ledger.timeScale);
  const over = ledger.shards.filter((shard) => longestMs(shard) > limit.ms);
  const gaps = ledger.shards.flatMap(findGaps);
  if (ledger.shards.length === 0) gaps.push("the ledger has no shards");
  if (over.length === 0 && gaps.length > 0) throw inconclusive(`${gaps.join("; ")}.`, formatLedger(ledger));
  const longest = roundUp(Math.max(...ledger.shards.map(longestMs)));
  return verdict({
    ok: over.length === 0,
    message: over
      .map(
        (shard) =>
          `Shard ${shard.shard} accepted no writes for ${roundUp(longestMs(shard))} ms: expected at most ${limit.text}.`,
      )
      .join("\n"),
    negated: `No shard was without writes for longer than ${longest} ms: expected more than ${limit.text}.`,
    actual: `unavailable for ${longest} ms`,
    expected: `unavailable for ${limit.text} or less`,
    evidence: formatLedger(ledger),
  });
}

function longestMs({ unavailableMs, unavailableAtEndMs = 0 }: ShardLedger): number {
  return Math.max(unavailableMs, unavailableAtEndMs);
}

/** Returns why the unavailability of a shard is not completely known. The list is empty if it is known. */
function findGaps(shard: ShardLedger): readonly string[] {
  const { acknowledged, unavailableMs, firstSuccessAfter, unavailableAtEndMs } = shard;
  // In a ledger of an older version, the time at the end is only known if it is the longest time.
  if (unavailableAtEndMs !== undefined || (unavailableMs > 0 && firstSuccessAfter === undefined)) {
    const forMs = roundUp(unavailableAtEndMs ?? unavailableMs);
    return [`shard ${shard.shard} had accepted no writes for ${forMs} ms when the writers stopped`];
  }
  return acknowledged === 0 ? [`no writer wrote to shard ${shard.shard}`] : [];
}

/** Rounds up, so that a time that exceeds a limit of whole milliseconds is also printed as greater than the limit. */
function roundUp(ms: number): number {
  return Math.ceil(ms);
}

function requireLedger(value: unknown): Ledger {
  if (isLedger(value)) return value;
  throw invalidInput("Ledger", "the result of stop() of a workload", value);
}

function isLedger(value: unknown): value is Ledger {
  return (
    isRecord(value) &&
    Number.isSafeInteger(value["acknowledged"]) &&
    Array.isArray(value["lost"]) &&
    Array.isArray(value["shards"]) &&
    value["shards"].every((shard) => isRecord(shard) && Number.isFinite(shard["unavailableMs"]))
  );
}
