import type { SlotRange } from "../plan/cluster-plan.ts";
import { keyForRange, keySlot } from "../plan/slots.ts";
import type { WriteKind } from "./ledger.ts";

/**
 * All keys of a workload. A key is a number from 0 to below `keys`; the number decides on shard, hash tag and
 * writer, and is the same for all kinds. Every key has exactly one writer, which sends one command at a time: so the
 * order of the writes to a key is known, and the judge needs no more than that.
 */
export class Keyspace {
  readonly keys: number;
  readonly shards: number;
  readonly #prefix: string;
  readonly #tags: readonly string[];
  readonly #slots: readonly number[];
  readonly #writers: number;

  /** @param prefix what every name begins with, its separator included. */
  constructor(prefix: string, keys: number, writers: number, shardSlots: readonly SlotRange[]) {
    this.keys = keys;
    this.shards = shardSlots.length;
    this.#prefix = prefix;
    this.#writers = writers;
    this.#tags = Array.from({ length: keys }, (_, key) =>
      keyForRange(shardSlots[this.shardOf(key)] as SlotRange, `${key}.`),
    );
    this.#slots = this.#tags.map((tag) => keySlot(tag));
  }

  /** The slot of a key of any kind. */
  slotOf(key: number): number {
    return this.#slots[key] as number;
  }

  shardOf(key: number): number {
    return key % this.shards;
  }

  writerOf(key: number): number {
    // With enough keys every writer has some on every shard; otherwise it has some at all.
    const spread = this.keys >= this.shards * this.#writers;
    return (spread ? Math.floor(key / this.shards) : key) % this.#writers;
  }

  keysOf(writer: number): readonly number[] {
    return Array.from({ length: this.keys }, (_, key) => key).filter((key) => this.writerOf(key) === writer);
  }

  /** The name of a key; `set` has one for each write, all of a key number in one slot. */
  name(kind: WriteKind, key: number, token: string): string {
    const name = `${this.#prefix}${kind}:{${this.#tags[key]}}`;
    return kind === "set" ? `${name}:${token}` : name;
  }
}
