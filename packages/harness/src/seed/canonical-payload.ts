/** The length of the version and the checksum at the end of a DUMP payload (`createDumpPayload` in cluster.c). */
const FOOTER_BYTES = 10;
/** Types of rdb.h whose elements have the order of a hash table, which differs between processes. */
const SET_TYPE = 2;
const HASH_TYPE = 4;
/** More types of hashes: RDB_TYPE_HASH_ZIPMAP, RDB_TYPE_HASH_ZIPLIST and RDB_TYPE_HASH_LISTPACK. */
const OTHER_HASH_TYPES: ReadonlySet<number> = new Set([9, 13, 16]);
/**
 * Types of hashes with fields that expire or expired. The first is RDB_TYPE_HASH_2 of Valkey 9. The others are
 * RDB_TYPE_HASH_METADATA and RDB_TYPE_HASH_LISTPACK_EX of Redis 7.4 and its previews.
 */
const EXPIRING_HASH_TYPES: ReadonlySet<number> = new Set([22, 23, 24, 25]);

/**
 * Returns whether a DUMP payload has a type of hashes whose fields can expire. Such a payload contains the times at which they
 * expire.
 */
export function isExpiringHash([type = -1]: Buffer): boolean {
  return EXPIRING_HASH_TYPES.has(type);
}

/** Returns whether a DUMP payload is a hash. */
export function isHash([type = -1]: Buffer): boolean {
  return type === HASH_TYPE || OTHER_HASH_TYPES.has(type) || EXPIRING_HASH_TYPES.has(type);
}

/**
 * Returns a DUMP payload without its version and checksum, and with the elements of sets and hashes sorted. Equal values from
 * different processes then have equal bytes. Payloads in an unknown format are not sorted, nor are hashes whose fields can expire.
 */
export function canonicalPayload(payload: Buffer): Buffer {
  const body = payload.subarray(0, Math.max(0, payload.length - FOOTER_BYTES));
  try {
    switch (body[0]) {
      case SET_TYPE:
        return sortElements(body, (reader) => reader.skipString());
      case HASH_TYPE:
        return sortElements(body, (reader) => {
          reader.skipString();
          reader.skipString();
        });
      default:
        return body;
    }
  } catch (error) {
    if (error instanceof RangeError) return body;
    throw error;
  }
}

function sortElements(body: Buffer, skipElement: (reader: PayloadReader) => void): Buffer {
  const reader = new PayloadReader(body, 1);
  const count = reader.readLength();
  const start = reader.offset;
  const elements: Buffer[] = [];
  for (let index = 0; index < count; index += 1) {
    const from = reader.offset;
    skipElement(reader);
    elements.push(body.subarray(from, reader.offset));
  }
  if (reader.offset !== body.length) throw new RangeError("the payload has an unknown format");
  return Buffer.concat([body.subarray(0, start), ...elements.toSorted((a, b) => Buffer.compare(a, b))]);
}

/** Finds the ends of the parts of a payload. Throws a RangeError if it reads past the end of the payload. */
class PayloadReader {
  offset: number;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer, offset: number) {
    this.#bytes = bytes;
    this.offset = offset;
  }

  /** Reads a length as `rdbLoadLen` in rdb.c does. */
  readLength(): number {
    const [isEncoding, value] = this.#readLengthOrEncoding();
    if (isEncoding) throw new RangeError("expected a length, got a string encoding");
    return value;
  }

  /** Skips a string as `rdbGenericLoadStringObject` in rdb.c reads it: plain, as an integer, or compressed. */
  skipString(): void {
    const [isEncoding, value] = this.#readLengthOrEncoding();
    if (!isEncoding) this.#skip(value);
    else if (value <= 2) this.#skip(2 ** value);
    else if (value === 3) {
      const compressedLength = this.readLength();
      this.readLength();
      this.#skip(compressedLength);
    } else throw new RangeError("the string has an unknown encoding");
  }

  #skip(count: number): void {
    this.offset += count;
    if (this.offset > this.#bytes.length) throw new RangeError("the payload ends too early");
  }

  #readLengthOrEncoding(): readonly [isEncoding: boolean, value: number] {
    const first = this.#bytes.readUInt8(this.offset);
    this.offset += 1;
    switch (first >> 6) {
      case 0:
        return [false, first & 0x3f];
      case 1:
        this.offset += 1;
        return [false, ((first & 0x3f) << 8) | this.#bytes.readUInt8(this.offset - 1)];
      case 3:
        return [true, first & 0x3f];
      default:
        if (first === 0x80) {
          this.offset += 4;
          return [false, this.#bytes.readUInt32BE(this.offset - 4)];
        }
        this.offset += 8;
        return [false, Number(this.#bytes.readBigUInt64BE(this.offset - 8))];
    }
  }
}
