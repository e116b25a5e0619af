import { NO_SOURCE } from "./reply-sources.ts";
import { WRITE_KINDS, type WriteKind } from "./ledger.ts";

/** Rows of a chunk: 2.4 MB at a time. */
const CHUNK = 65_536;
const MOST_WORDS = 255;

export type Outcome = "acknowledged" | "failed" | "unknown";
const OUTCOMES = ["acknowledged", "failed", "unknown"] as const satisfies readonly Outcome[];
const READ = 0x80;

/** One finished attempt. */
export interface Operation {
  readonly kind: WriteKind;
  readonly read: boolean;
  readonly writer: number;
  readonly key: number;
  /** Of a write: its place among the writer's writes. Of a read of kind `set`: that of the write it looks for. */
  readonly sequence: number;
  /** What the answer said: a counter's value after INCR, or what a read saw (sequence, count, length); otherwise 0. */
  readonly observed: number;
  /** By `performance.now()`, as is `doneAt`. */
  readonly sentAt: number;
  readonly doneAt: number;
  readonly outcome: Outcome;
  /** The error word, or "" where there is none. */
  readonly error: string;
  /** The connection on which the attempt was sent last, as a number of `ReplySources`. */
  readonly source: number;
}

interface Chunk {
  readonly kind: Uint8Array;
  readonly outcome: Uint8Array;
  readonly writer: Uint8Array;
  readonly error: Uint8Array;
  readonly key: Uint16Array;
  readonly sequence: Uint32Array;
  /** A counter that somebody sets may be negative, or greater than 32 bits. */
  readonly observed: Float64Array;
  readonly source: Uint16Array;
  readonly sentAt: Float64Array;
  readonly doneAt: Float64Array;
}

/**
 * Every finished attempt in the order of the answers, in 36 bytes each: a million attempts would be 100 MB and much
 * work for the garbage collector as objects. Rows are never changed.
 */
export class OperationLog {
  #length = 0;
  #acknowledged = 0;
  #failed = 0;
  #unknown = 0;
  #current: Chunk = newChunk();
  readonly #chunks: Chunk[] = [this.#current];
  readonly #words: string[] = [""];
  readonly #wordNumbers = new Map<string, number>([["", 0]]);

  get length(): number {
    return this.#length;
  }
  /** Acknowledged writes; like its siblings kept up to date, so that asking costs nothing. */
  get acknowledged(): number {
    return this.#acknowledged;
  }
  get failed(): number {
    return this.#failed;
  }
  get unknown(): number {
    return this.#unknown;
  }

  /** Adds a row. Plain arguments, because this runs at every answer. Rows come in the order of `doneAt`. */
  append(
    kind: WriteKind,
    read: boolean,
    writer: number,
    key: number,
    sequence: number,
    observed: number,
    sentAt: number,
    doneAt: number,
    outcome: Outcome,
    error: string,
    source: number = NO_SOURCE,
  ): void {
    const row = this.#length % CHUNK;
    if (row === 0 && this.#length > 0) {
      this.#current = newChunk();
      this.#chunks.push(this.#current);
    }
    const chunk = this.#current;
    chunk.kind[row] = kindNumber(kind) | (read ? READ : 0);
    chunk.outcome[row] = outcome === "acknowledged" ? 0 : outcome === "failed" ? 1 : 2;
    chunk.writer[row] = writer;
    chunk.error[row] = error === "" ? 0 : this.#intern(error);
    chunk.key[row] = key;
    chunk.sequence[row] = sequence;
    chunk.observed[row] = observed;
    chunk.source[row] = source;
    chunk.sentAt[row] = sentAt;
    chunk.doneAt[row] = doneAt;
    this.#length += 1;
    if (read) return;
    if (outcome === "acknowledged") this.#acknowledged += 1;
    else if (outcome === "failed") this.#failed += 1;
    else this.#unknown += 1;
  }

  /** The row at an index, as an object: for findings and tests; loops read single columns. */
  at(index: number): Operation {
    return {
      kind: this.kind(index),
      read: this.isRead(index),
      writer: this.writer(index),
      key: this.key(index),
      sequence: this.sequence(index),
      observed: this.observed(index),
      sentAt: this.sentAt(index),
      doneAt: this.doneAt(index),
      outcome: this.outcome(index),
      error: this.error(index),
      source: this.source(index),
    };
  }

  kind(index: number): WriteKind {
    return WRITE_KINDS[(this.#chunk(index).kind[index % CHUNK] as number) & ~READ] as WriteKind;
  }
  isRead(index: number): boolean {
    return ((this.#chunk(index).kind[index % CHUNK] as number) & READ) !== 0;
  }
  outcome(index: number): Outcome {
    return OUTCOMES[this.#chunk(index).outcome[index % CHUNK] as number] as Outcome;
  }
  writer(index: number): number {
    return this.#chunk(index).writer[index % CHUNK] as number;
  }
  error(index: number): string {
    return this.#words[this.#chunk(index).error[index % CHUNK] as number] as string;
  }
  key(index: number): number {
    return this.#chunk(index).key[index % CHUNK] as number;
  }
  sequence(index: number): number {
    return this.#chunk(index).sequence[index % CHUNK] as number;
  }
  observed(index: number): number {
    return this.#chunk(index).observed[index % CHUNK] as number;
  }
  source(index: number): number {
    return this.#chunk(index).source[index % CHUNK] as number;
  }
  sentAt(index: number): number {
    return this.#chunk(index).sentAt[index % CHUNK] as number;
  }
  doneAt(index: number): number {
    return this.#chunk(index).doneAt[index % CHUNK] as number;
  }

  /** The first row that was done after a moment; `length` where none was. */
  firstDoneAfter(atMs: number): number {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.doneAt(middle) > atMs) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #chunk(index: number): Chunk {
    return this.#chunks[Math.floor(index / CHUNK)] as Chunk;
  }

  #intern(word: string): number {
    const known = this.#wordNumbers.get(word);
    if (known !== undefined) return known;
    if (this.#words.length >= MOST_WORDS) return this.#intern("other");
    const number = this.#words.push(word) - 1;
    this.#wordNumbers.set(word, number);
    // Kept back for the case that there are more different words than a byte can tell apart.
    if (this.#words.length === MOST_WORDS - 1) this.#intern("other");
    return number;
  }
}

function kindNumber(kind: WriteKind): number {
  return WRITE_KINDS.indexOf(kind);
}

function newChunk(): Chunk {
  return {
    kind: new Uint8Array(CHUNK),
    outcome: new Uint8Array(CHUNK),
    writer: new Uint8Array(CHUNK),
    error: new Uint8Array(CHUNK),
    key: new Uint16Array(CHUNK),
    sequence: new Uint32Array(CHUNK),
    observed: new Float64Array(CHUNK),
    source: new Uint16Array(CHUNK),
    sentAt: new Float64Array(CHUNK),
    doneAt: new Float64Array(CHUNK),
  };
}
