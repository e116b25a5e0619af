import type { Cluster } from "ioredis";
import type { Finding, Ledger, WriteKind } from "./ledger.ts";
import { commandRetrier, parseCount, type ReadBack, WRONG_TYPE } from "./read-back.ts";
import { decodeValue, encodeValue, formatToken, type Token } from "./token.ts";
import type { WorkloadHistory } from "./workload-history.ts";

/** Maximum number of members in one command. */
const MAX_MEMBERS = 256;

/** A key with findings, and the tokens of these findings. */
interface Suspect {
  readonly kind: WriteKind;
  readonly key: number;
  readonly tokens: Set<number>;
}

/**
 * Reads all values directly that a ledger would report as lost, duplicated or stale. The first read may have been wrong. A scan
 * that was continued on another node after a failover misses members without an error, and an element of a list that grew between
 * two ranges may have been read twice.
 *
 * @param values the result of the first read.
 * @returns the values with the second results in place of the first ones; undefined if the ledger has no such findings.
 */
export async function rereadFindings(
  client: Cluster,
  history: WorkloadHistory,
  valueBytes: number,
  ledger: Ledger,
  values: ReadBack,
  signal: AbortSignal,
): Promise<ReadBack | undefined> {
  const suspects = findSuspects(history, ledger);
  if (suspects.length === 0) return undefined;
  const { keyspace } = history;
  const retry = commandRetrier(signal);
  const sequences = Object.fromEntries(
    Object.entries(values.sequences).map(([kind, keys]) => [kind, [...keys]]),
  ) as Record<WriteKind, (readonly number[])[]>;
  const counters = [...values.counters];

  for (const { kind, key, tokens } of suspects) {
    const writer = keyspace.writerOf(key);
    const encode = (sequence: number): string => encodeValue(writer, sequence, valueBytes);
    const present = (sequences[kind][key] ?? []).filter((sequence) => !tokens.has(sequence));
    if (kind === "counter") {
      const value = await retry(() => client.get(keyspace.name(kind, key, "")));
      counters[key] = value === WRONG_TYPE ? 0 : (parseCount(value) ?? 0);
    } else if (kind === "register") {
      const value = await retry(() => client.get(keyspace.name(kind, key, "")));
      const token = value === WRONG_TYPE || value === null ? undefined : decodeValue(value);
      sequences.register[key] = token?.writer === writer ? [token.sequence] : [];
    } else if (kind === "set") {
      for (const sequence of tokens) {
        const name = keyspace.name(kind, key, formatToken(writer, sequence));
        const value = await retry(() => client.get(name));
        if (value !== WRONG_TYPE && value !== null && isToken(decodeValue(value), writer, sequence))
          present.push(sequence);
      }
      sequences.set[key] = present;
    } else if (kind === "append") {
      for (const sequence of tokens) {
        const name = keyspace.name(kind, key, "");
        const positions = await retry(() => client.lpos(name, encode(sequence), "COUNT", 0));
        if (positions !== WRONG_TYPE) for (const _ of positions) present.push(sequence);
      }
      sequences.append[key] = present;
    } else {
      const all = [...tokens];
      for (let from = 0; from < all.length; from += MAX_MEMBERS) {
        const part = all.slice(from, from + MAX_MEMBERS);
        const name = keyspace.name(kind, key, "");
        const flags = await retry(() => client.smismember(name, ...part.map(encode)));
        if (flags !== WRONG_TYPE) present.push(...part.filter((_, index) => Number(flags[index]) === 1));
      }
      sequences.member[key] = present;
    }
  }
  return { ...values, sequences, counters };
}

function isToken(token: Token | undefined, writer: number, sequence: number): boolean {
  return token?.writer === writer && token.sequence === sequence;
}

/**
 * Returns the keys with findings. Values that were never sent are excluded, because the server has proved that they are present.
 */
function findSuspects({ keyspace }: WorkloadHistory, ledger: Ledger): readonly Suspect[] {
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
    // The names of kind `set` end with the token of the write.
    const nameOfKey = kind === "set" ? name.slice(0, name.length - value.length) : name;
    const key = keys.get(nameOfKey);
    if (key === undefined) continue;
    const suspect = suspects.get(nameOfKey) ?? { kind, key, tokens: new Set() };
    suspects.set(nameOfKey, suspect);
    const token = decodeValue(value);
    if (token !== undefined) suspect.tokens.add(token.sequence);
  }
  return [...suspects.values()];
}
