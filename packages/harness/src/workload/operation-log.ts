import { WRITE_KINDS, type WriteKind } from "./ledger.ts";
import { NO_SOURCE } from "./reply-sources.ts";

/** Number of rows in a chunk of memory, which has 2.4 MB. */
const CHUNK_ROWS = 65_536;
/** Maximum number of different error words. The log stores the number of a word in one byte. */
const MAX_WORDS = 255;

/** What happened to an attempt. */
export type Outcome = "acknowledged" | "failed" | "unknown";
const OUTCOMES = ["acknowledged", "failed", "unknown"] as const satisfies readonly Outcome[];
/** Marks a read in the column of kinds. */
const READ_FLAG = 0x80;

/** One finished attempt. */
export interface Operation {
  readonly kind: WriteKind;
  readonly isRead: boolean;
  readonly writer: number;
  readonly key: number;
  /** For a write: its position among the writes of its writer. For a read of kind `set`: the position of the write to read. */
  readonly sequence: number;
  /**
   * The number in the reply: the value of a counter after INCR, or the sequence, count or length that a read returned; else 0.
   */
  readonly observed: number;
  /** When the command was sent, by `monotonicMs()`. */
  readonly sentAt: number;
  /** When the attempt ended, by `monotonicMs()`. */
  readonly doneAt: number;
  readonly outcome: Outcome;
  /** The error word; "" if there was no error. */
  readonly error: string;
  /** The connection on which the command was sent last, as a number of `ReplySources`. */
  readonly source: number;
}

interface Chunk {
  readonly kind: Uint8Array;
  readonly outcome: Uint8Array;
  readonly writer: Uint8Array;
  readonly error: Uint8Array;
  readonly key: Uint16Array;
  readonly sequence: Uint32Array;
  /** A float, because a counter that another client sets may be negative or exceed 32 bits. */
  readonly observed: Float64Array;
  readonly source: Uint16Array;
  readonly sentAt: Float64Array;
  readonly doneAt: Float64Array;
}

/**
 * All finished attempts, in the order of their replies. Each attempt needs 36 bytes. As objects, a million attempts would need
 * 100 MB and much work of the garbage collector. Rows are never changed.
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

  /** Number of rows. */
  get length(): number {
    return this.#length;
  }
  /** Number of acknowledged writes. This and the next two counts are updated with each row, so that reading them is cheap. */
  get acknowledged(): number {
    return this.#acknowledged;
  }
  /** Number of refused writes. */
  get failed(): number {
    return this.#failed;
  }
  /** Number of writes of unknown outcome. */
  get unknown(): number {
    return this.#unknown;
  }

  /**
   * Adds a row. Rows must be added in the order of `doneAt`. The arguments are not an object, because this runs for every reply.
   * See {@link Operation} for their meaning.
   */
  append(
    kind: WriteKind,
    isRead: boolean,
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
    const index = this.#length % CHUNK_ROWS;
    if (index === 0 && this.#length > 0) {
      this.#current = newChunk();
      this.#chunks.push(this.#current);
    }
    const chunk = this.#current;
    chunk.kind[index] = kindNumber(kind) | (isRead ? READ_FLAG : 0);
    chunk.outcome[index] = outcome === "acknowledged" ? 0 : outcome === "failed" ? 1 : 2;
    chunk.writer[index] = writer;
    chunk.error[index] = error === "" ? 0 : this.#intern(error);
    chunk.key[index] = key;
    chunk.sequence[index] = sequence;
    chunk.observed[index] = observed;
    chunk.source[index] = source;
    chunk.sentAt[index] = sentAt;
    chunk.doneAt[index] = doneAt;
    this.#length += 1;
    if (isRead) return;
    if (outcome === "acknowledged") this.#acknowledged += 1;
    else if (outcome === "failed") this.#failed += 1;
    else this.#unknown += 1;
  }

  /** Returns a row as an object, for tests. Loops read single columns. */
  at(row: number): Operation {
    return {
      kind: this.kind(row),
      isRead: this.isRead(row),
      writer: this.writer(row),
      key: this.key(row),
      sequence: this.sequence(row),
      observed: this.observed(row),
      sentAt: this.sentAt(row),
      doneAt: this.doneAt(row),
      outcome: this.outcome(row),
      error: this.error(row),
      source: this.source(row),
    };
  }

  kind(row: number): WriteKind {
    return WRITE_KINDS[(this.#chunk(row).kind[row % CHUNK_ROWS] as number) & ~READ_FLAG] as WriteKind;
  }
  isRead(row: number): boolean {
    return ((this.#chunk(row).kind[row % CHUNK_ROWS] as number) & READ_FLAG) !== 0;
  }
  outcome(row: number): Outcome {
    return OUTCOMES[this.#chunk(row).outcome[row % CHUNK_ROWS] as number] as Outcome;
  }
  writer(row: number): number {
    return this.#chunk(row).writer[row % CHUNK_ROWS] as number;
  }
  error(row: number): string {
    return this.#words[this.#chunk(row).error[row % CHUNK_ROWS] as number] as string;
  }
  key(row: number): number {
    return this.#chunk(row).key[row % CHUNK_ROWS] as number;
  }
  sequence(row: number): number {
    return this.#chunk(row).sequence[row % CHUNK_ROWS] as number;
  }
  observed(row: number): number {
    return this.#chunk(row).observed[row % CHUNK_ROWS] as number;
  }
  source(row: number): number {
    return this.#chunk(row).source[row % CHUNK_ROWS] as number;
  }
  sentAt(row: number): number {
    return this.#chunk(row).sentAt[row % CHUNK_ROWS] as number;
  }
  doneAt(row: number): number {
    return this.#chunk(row).doneAt[row % CHUNK_ROWS] as number;
  }

  /** Returns the first row that ended after `atMs`, by binary search; `length` if there is none. */
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

  #chunk(row: number): Chunk {
    return this.#chunks[Math.floor(row / CHUNK_ROWS)] as Chunk;
  }

  #intern(word: string): number {
    const known = this.#wordNumbers.get(word);
    if (known !== undefined) return known;
    if (this.#words.length >= MAX_WORDS) return this.#intern("other");
    const number = this.#words.push(word) - 1;
    this.#wordNumbers.set(word, number);
    // The last number is reserved for "other", which replaces all further words.
    if (this.#words.length === MAX_WORDS - 1) this.#intern("other");
    return number;
  }
}

function kindNumber(kind: WriteKind): number {
  return WRITE_KINDS.indexOf(kind);
}

function newChunk(): Chunk {
  return {
    kind: new Uint8Array(CHUNK_ROWS),
    outcome: new Uint8Array(CHUNK_ROWS),
    writer: new Uint8Array(CHUNK_ROWS),
    error: new Uint8Array(CHUNK_ROWS),
    key: new Uint16Array(CHUNK_ROWS),
    sequence: new Uint32Array(CHUNK_ROWS),
    observed: new Float64Array(CHUNK_ROWS),
    source: new Uint16Array(CHUNK_ROWS),
    sentAt: new Float64Array(CHUNK_ROWS),
    doneAt: new Float64Array(CHUNK_ROWS),
  };
}
