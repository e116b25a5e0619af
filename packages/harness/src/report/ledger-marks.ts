import type { Ledger } from "../workload/ledger.ts";
import type { MarkKind } from "./report-data.ts";

/** The maximum number of keys that the text of a mark contains. */
const MAX_KEYS = 3;

/** A finding of the ledger, or several findings of one kind that are close together. */
export interface LedgerMark {
  readonly kind: MarkKind;
  readonly shard: number;
  /** Milliseconds since the fault. */
  readonly atMs: number;
  readonly count: number;
  readonly text: string;
}

interface TimedFinding {
  readonly kind: MarkKind;
  readonly shard: number;
  readonly atMs: number;
  readonly key: string;
}

/**
 * Returns the findings of a ledger as marks. A lost write is marked when it was acknowledged, and a stale value when it was read.
 * The time of a duplicated write is unknown, so it is marked when it was found, at the end of the run.
 *
 * @param since when the fault started, in milliseconds since 1970.
 * @param mergeMs findings of one kind and shard within this time become one mark.
 */
export function ledgerMarks(ledger: Ledger, since: number, mergeMs: number): readonly LedgerMark[] {
  const endMs = Math.round(ledger.stoppedAt - since);
  const findings: readonly TimedFinding[] = [
    ...ledger.lost.map(({ shard, acknowledgedAt, key }) => ({
      ...{ kind: "lost" as const, shard, key },
      atMs: Math.round(acknowledgedAt - since),
    })),
    ...ledger.stale.map(({ shard, seenAt, key }) => ({
      ...{ kind: "stale" as const, shard, key },
      atMs: Math.round(seenAt - since),
    })),
    ...ledger.duplicated.map(({ shard, key }) => ({
      ...{ kind: "duplicated" as const, shard, key },
      atMs: endMs,
    })),
  ];
  const groups = Map.groupBy(findings, ({ kind, shard }) => `${kind} ${shard}`);
  return [...groups.values()].flatMap((group) => splitByTime(group, mergeMs).map(toMark));
}

/** Splits a group so that no part is longer than `mergeMs`. Without that, a thousand lost writes would be a thousand marks. */
function splitByTime(group: readonly TimedFinding[], mergeMs: number): readonly (readonly TimedFinding[])[] {
  const parts: TimedFinding[][] = [];
  for (const finding of group.toSorted((a, b) => a.atMs - b.atMs)) {
    const last = parts.at(-1);
    const first = last?.[0];
    if (last !== undefined && first !== undefined && finding.atMs - first.atMs <= mergeMs) last.push(finding);
    else parts.push([finding]);
  }
  return parts;
}

function toMark(findings: readonly TimedFinding[]): LedgerMark {
  const [first] = findings;
  if (first === undefined) throw new TypeError("A mark needs at least one finding.");
  const count = findings.length;
  const keys = [...new Set(findings.map(({ key }) => key))];
  const more = keys.length > MAX_KEYS ? ` and ${keys.length - MAX_KEYS} more` : "";
  const text = `${describeFindings(first.kind, count)}: ${keys.slice(0, MAX_KEYS).join(", ")}${more}`;
  return { kind: first.kind, shard: first.shard, atMs: first.atMs, count, text };
}

function describeFindings(kind: MarkKind, count: number): string {
  const isSingle = count === 1;
  if (kind === "lost")
    return `${isSingle ? "1 acknowledged write was" : `${count} acknowledged writes were`} lost`;
  if (kind === "stale") return `${isSingle ? "1 outdated value was" : `${count} outdated values were`} read`;
  return `${isSingle ? "1 write was" : `${count} writes were`} applied too often, found at the end of the run`;
}
