/** The version and checksum at the end of a payload of DUMP (`createDumpPayload` in cluster.c). */
const FOOTER = 10;
/** Types of rdb.h whose elements are in the order of a hash table, which differs from process to process. */
const SET = 2;
const HASH = 4;
/** Further types of hashes: RDB_TYPE_HASH_ZIPMAP, RDB_TYPE_HASH_ZIPLIST and RDB_TYPE_HASH_LISTPACK. */
const OTHER_HASHES: ReadonlySet<number> = new Set([9, 13, 16]);
/**
 * Types of hashes that have or had fields with an expiry: RDB_TYPE_HASH_2 of Valkey 9 is the first one; those of Redis 7.4
 * and its previews are RDB_TYPE_HASH_METADATA and RDB_TYPE_HASH_LISTPACK_EX.
 */
const EXPIRING_HASHES: ReadonlySet<number> = new Set([22, 23, 24, 25]);

/** Returns whether a payload of DUMP has a type of hashes whose fields may expire, at moments that the payload contains. */
export function isExpiringHash([type = -1]: Buffer): boolean {
  return EXPIRING_HASHES.has(type);
}

/** Returns whether a payload of DUMP is a hash. */
export function isHash([type = -1]: Buffer): boolean {
  return type === HASH || OTHER_HASHES.has(type) || EXPIRING_HASHES.has(type);
}

/**
 * Returns a payload of DUMP without its version and checksum, and with the elements of sets and hashes in one order: equal
 * values then have equal bytes, whichever process they are from. A payload of an unknown form stays as it is, and so does a
 * hash whose fields may expire.
 */
export function canonicalPayload(payload: Buffer): Buffer {
  const body = payload.subarray(0, Math.max(0, payload.length - FOOTER));
  try {
    switch (body[0]) {
      case SET:
        return sorted(body, (reader) => reader.string());
      case HASH:
        return sorted(body, (reader) => {
          reader.string();
          reader.string();
        });
      default:
        return body;
    }
  } catch (error) {
    if (error instanceof RangeError) return body;
    throw error;
  }
}

function sorted(body: Buffer, readElement: (reader: Reader) => void): Buffer {
  const reader = new Reader(body, 1);
  const count = reader.length();
  const start = reader.at;
  const elements: Buffer[] = [];
  for (let index = 0; index < count; index += 1) {
    const from = reader.at;
    readElement(reader);
    elements.push(body.subarray(from, reader.at));
  }
  if (reader.at !== body.length) throw new RangeError("the payload has another form");
  return Buffer.concat([body.subarray(0, start), ...elements.toSorted((a, b) => Buffer.compare(a, b))]);
}

/** Finds where the parts of a payload end. Reading past its end throws a RangeError. */
class Reader {
  at: number;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  skip(count: number): void {
    this.at += count;
    if (this.at > this.#bytes.length) throw new RangeError("the payload ends too early");
  }

  /** `rdbLoadLen` in rdb.c. */
  length(): number {
    const [isEncoding, value] = this.#lengthOrEncoding();
    if (isEncoding) throw new RangeError("no length");
    return value;
  }

  /** `rdbGenericLoadStringObject` in rdb.c: plain, as a number, or compressed. */
  string(): void {
    const [isEncoding, value] = this.#lengthOrEncoding();
    if (!isEncoding) this.skip(value);
    else if (value <= 2) this.skip(2 ** value);
    else if (value === 3) {
      const compressed = this.length();
      this.length();
      this.skip(compressed);
    } else throw new RangeError("no string");
  }

  #lengthOrEncoding(): readonly [isEncoding: boolean, value: number] {
    const first = this.#bytes.readUInt8(this.at);
    this.at += 1;
    switch (first >> 6) {
      case 0:
        return [false, first & 0x3f];
      case 1:
        this.at += 1;
        return [false, ((first & 0x3f) << 8) | this.#bytes.readUInt8(this.at - 1)];
      case 3:
        return [true, first & 0x3f];
      default:
        if (first === 0x80) {
          this.at += 4;
          return [false, this.#bytes.readUInt32BE(this.at - 4)];
        }
        this.at += 8;
        return [false, Number(this.#bytes.readBigUInt64BE(this.at - 8))];
    }
  }
}
