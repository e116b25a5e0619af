import type { Cluster } from "ioredis";
import type { WorkloadHistory } from "./workload-history.ts";
import type { Finding, Ledger, WriteKind } from "./ledger.ts";
import { answers, parseCount, type ReadBack, WRONG_TYPE } from "./read-back.ts";
import { decodeValue, type Token, encodeValue } from "./token.ts";

/** Members in one command. */
const BATCH = 256;

/** One key, and of it the tokens that a finding speaks of. */
interface Suspect {
  readonly kind: WriteKind;
  readonly key: number;
  readonly tokens: Set<number>;
}

/**
 * Looks up directly everything that a ledger is about to call lost, duplicated or gone back, and returns what was read
 * back with these answers in place of the first ones. A scan that was continued on another node after a failover has left
 * members out without any error, and a list that grew between two ranges may have been read twice.
 *
 * @returns undefined if the ledger has nothing of the kind.
 */
export async function rereadFindings(
  client: Cluster,
  history: WorkloadHistory,
  valueBytes: number,
  ledger: Ledger,
  found: ReadBack,
  signal: AbortSignal,
): Promise<ReadBack | undefined> {
  const suspects = suspectsOf(history, ledger);
  if (suspects.length === 0) return undefined;
  const { keyspace } = history;
  const ask = answers(signal);
  const sequences = Object.fromEntries(
    Object.entries(found.sequences).map(([kind, keys]) => [kind, [...keys]]),
  ) as Record<WriteKind, (readonly number[])[]>;
  const counters = [...found.counters];

  for (const { kind, key, tokens } of suspects) {
    const writer = keyspace.writerOf(key);
    const text = (sequence: number): string => encodeValue(writer, sequence, valueBytes);
    const kept = (sequences[kind][key] ?? []).filter((sequence) => !tokens.has(sequence));
    if (kind === "counter") {
      const value = await ask(() => client.get(keyspace.name(kind, key, "")));
      counters[key] = value === WRONG_TYPE ? 0 : (parseCount(value) ?? 0);
    } else if (kind === "register") {
      const value = await ask(() => client.get(keyspace.name(kind, key, "")));
      const token = value === WRONG_TYPE || value === null ? undefined : decodeValue(value);
      sequences.register[key] = token?.writer === writer ? [token.sequence] : [];
    } else if (kind === "set") {
      for (const sequence of tokens) {
        const name = keyspace.name(kind, key, `w${writer}-${sequence}`);
        const value = await ask(() => client.get(name));
        if (value !== WRONG_TYPE && value !== null && isToken(decodeValue(value), writer, sequence))
          kept.push(sequence);
      }
      sequences.set[key] = kept;
    } else if (kind === "append") {
      for (const sequence of tokens) {
        const places = await ask(() => client.lpos(keyspace.name(kind, key, ""), text(sequence), "COUNT", 0));
        if (places !== WRONG_TYPE) for (const _ of places) kept.push(sequence);
      }
      sequences.append[key] = kept;
    } else {
      const all = [...tokens];
      for (let from = 0; from < all.length; from += BATCH) {
        const part = all.slice(from, from + BATCH);
        const present = await ask(() => client.smismember(keyspace.name(kind, key, ""), ...part.map(text)));
        if (present !== WRONG_TYPE) kept.push(...part.filter((_, index) => Number(present[index]) === 1));
      }
      sequences.member[key] = kept;
    }
  }
  return { ...found, sequences, counters };
}

function isToken(token: Token | undefined, writer: number, sequence: number): boolean {
  return token?.writer === writer && token.sequence === sequence;
}

/** The findings by key. Those that the server has shown to be there (values that were never sent) need no second look. */
function suspectsOf({ keyspace }: WorkloadHistory, ledger: Ledger): readonly Suspect[] {
  const findings: readonly Finding[] = [
    ...ledger.lost,
    ...ledger.duplicated,
    ...ledger.stale.filter(({ seen }) => seen === "read-back"),
    ...ledger.unacknowledgedPresent.filter(({ outcome }) => outcome === "failed"),
  ];
  if (findings.length === 0) return [];
  const suspects = new Map<string, Suspect>();
  const keys = new Map<string, number>();
  for (const kind of new Set(findings.map((finding) => finding.kind))) {
    for (let key = 0; key < keyspace.keys; key += 1) keys.set(keyspace.name(kind, key, ""), key);
  }
  for (const { kind, key: name, value } of findings) {
    // Keys of kind `set` are named by their key number and the write's token.
    const stem = kind === "set" ? name.slice(0, name.length - value.length) : name;
    const key = keys.get(stem);
    if (key === undefined) continue;
    const suspect = suspects.get(stem) ?? { kind, key, tokens: new Set() };
    suspects.set(stem, suspect);
    const token = decodeValue(value);
    if (token !== undefined) suspect.tokens.add(token.sequence);
  }
  return [...suspects.values()];
}
