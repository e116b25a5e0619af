import { formatLedger } from "../workload/format-ledger.ts";
import type { Ledger, ShardLedger } from "../workload/ledger.ts";
import { isRecord, inconclusive, requireCount, requireMs, invalidInput } from "./validate-input.ts";
import { scaleLimit } from "./scaled-limit.ts";
import { type Verdict, verdict } from "./verdict.ts";

/** Every acknowledged write is there. */
export function lostNoAcknowledgedWrites(given: unknown): Verdict {
  return lostAtMost(given, 0);
}

/**
 * So many acknowledged writes are gone, or fewer.
 *
 * @throws RedisClusterError INVALID_ARGUMENT where none was acknowledged, so that none could be lost.
 */
export function lostAtMost(given: unknown, limit: unknown): Verdict {
  const ledger = requireLedger(given);
  const most = requireCount("The limit", limit);
  const { acknowledged, lost } = ledger;
  if (acknowledged === 0) {
    throw inconclusive("no write was acknowledged, so none could be lost.", formatLedger(ledger));
  }
  const found = `Of ${acknowledged} acknowledged writes ${lost.length || "none"} ${lost.length > 1 ? "were" : "was"} lost`;
  return verdict({
    ok: lost.length <= most,
    message: `${found}; ${most === 0 ? "none" : `at most ${most}`} was expected.`,
    negated: `${found}; ${most === 0 ? "a loss" : `a loss of more than ${most}`} was expected.`,
    actual: `${lost.length} lost`,
    expected: most === 0 ? "0 lost" : `${most} lost, or fewer`,
    evidence: formatLedger(ledger),
  });
}

/**
 * No shard went without an acknowledged write for longer, while one was wanted.
 *
 * @throws RedisClusterError INVALID_ARGUMENT if no shard did, but of one it is not known: nobody wrote to it, or it took
 * no writes any more when the writers stopped.
 */
export function unavailableAtMost(given: unknown, limitMs: unknown): Verdict {
  const ledger = requireLedger(given);
  const most = scaleLimit(requireMs("The limit", limitMs), ledger.timeScale);
  const over = ledger.shards.filter((shard) => longestMs(shard) > most.ms);
  const gaps = ledger.shards.flatMap(whyUnknown);
  if (ledger.shards.length === 0) gaps.push("there is no shard");
  if (over.length === 0 && gaps.length > 0) throw inconclusive(`${gaps.join("; ")}.`, formatLedger(ledger));
  const longest = Math.max(...ledger.shards.map(longestMs));
  return verdict({
    ok: over.length === 0,
    message: over
      .map(
        (each) =>
          `Shard ${each.shard} took no writes for ${rounded(longestMs(each))} ms; at most ${most.text} was expected.`,
      )
      .join("\n"),
    negated: `No shard was without writes for longer than ${rounded(longest)} ms; longer than ${most.text} was expected.`,
    actual: `unavailable for ${rounded(longest)} ms`,
    expected: `unavailable for ${most.text} or less`,
    evidence: formatLedger(ledger),
  });
}

function longestMs({ unavailableMs, unavailableAtEndMs = 0 }: ShardLedger): number {
  return Math.max(unavailableMs, unavailableAtEndMs);
}

/** Why a shard's time is not the whole of it, in a list that is empty where it is. */
function whyUnknown(shard: ShardLedger): readonly string[] {
  const { acknowledged, unavailableMs, firstSuccessAfter, unavailableAtEndMs } = shard;
  // A ledger that an older version wrote down has the end only if it was the longest time.
  if (unavailableAtEndMs !== undefined || (unavailableMs > 0 && firstSuccessAfter === undefined)) {
    const forMs = unavailableAtEndMs ?? unavailableMs;
    return [
      `shard ${shard.shard} took no writes any more, for ${rounded(forMs)} ms so far, when the writers stopped`,
    ];
  }
  return acknowledged === 0 ? [`nobody wrote to shard ${shard.shard}`] : [];
}

/** Up, so that a time that is over a limit of whole milliseconds also reads as being over it. */
function rounded(ms: number): number {
  return Math.ceil(ms);
}

function requireLedger(given: unknown): Ledger {
  if (isLedger(given)) return given;
  throw invalidInput("A ledger, as a workload's stop() gives it,", given);
}

function isLedger(given: unknown): given is Ledger {
  return (
    isRecord(given) &&
    Number.isSafeInteger(given["acknowledged"]) &&
    Array.isArray(given["lost"]) &&
    Array.isArray(given["shards"]) &&
    given["shards"].every((shard) => isRecord(shard) && Number.isFinite(shard["unavailableMs"]))
  );
}
