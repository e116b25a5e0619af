import type { Ledger } from "../workload/ledger.ts";
import type { MarkKind } from "./report-data.ts";

/** How many keys a mark names. */
const NAMED = 3;

/** A finding of the ledger, or several of a kind that are close together. */
export interface LedgerMark {
  readonly kind: MarkKind;
  readonly shard: number;
  readonly atMs: number;
  readonly count: number;
  readonly text: string;
}

interface Found {
  readonly kind: MarkKind;
  readonly shard: number;
  readonly atMs: number;
  readonly key: string;
}

/**
 * The ledger's findings as marks: a lost write where it was acknowledged, a stale value where it was seen, and a
 * duplicated write, whose moment nobody knows, where it was found, at the end of the run.
 */
export function ledgerMarks(ledger: Ledger, since: number, apartMs: number): readonly LedgerMark[] {
  const atEnd = Math.round(ledger.stoppedAt - since);
  const found: readonly Found[] = [
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
      atMs: atEnd,
    })),
  ];
  const groups = Map.groupBy(found, ({ kind, shard }) => `${kind} ${shard}`);
  return [...groups.values()].flatMap((group) => gather(group, apartMs).map(asMark));
}

/** Cuts a group wherever two findings are further apart, so that a thousand lost writes are not a thousand marks. */
function gather(group: readonly Found[], apartMs: number): readonly (readonly Found[])[] {
  const clusters: Found[][] = [];
  for (const each of group.toSorted((a, b) => a.atMs - b.atMs)) {
    const last = clusters.at(-1);
    const first = last?.[0];
    if (last !== undefined && first !== undefined && each.atMs - first.atMs <= apartMs) last.push(each);
    else clusters.push([each]);
  }
  return clusters;
}

function asMark(cluster: readonly Found[]): LedgerMark {
  const [first] = cluster;
  if (first === undefined) throw new TypeError("a mark without a finding");
  const count = cluster.length;
  const keys = [...new Set(cluster.map(({ key }) => key))];
  const more = keys.length > NAMED ? ` and ${keys.length - NAMED} more` : "";
  const text = `${sentence(first.kind, count)}: ${keys.slice(0, NAMED).join(", ")}${more}`;
  return { kind: first.kind, shard: first.shard, atMs: first.atMs, count, text };
}

function sentence(kind: MarkKind, count: number): string {
  const writes = count === 1 ? "write" : `${count} writes`;
  if (kind === "lost") return `acknowledged ${count === 1 ? "a write that is" : `${writes} that are`} lost`;
  if (kind === "stale") return `saw ${count === 1 ? "an older value" : `${count} older values`} again`;
  return `found ${count === 1 ? "a write" : writes} applied too often, at the end of the run`;
}
