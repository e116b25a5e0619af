import type { SlotRange } from "./cluster-plan.ts";

/** The number of slots of every Redis Cluster. */
export const SLOT_COUNT = 16384;

/**
 * Returns the slot of a key: CRC16 (XMODEM) of its hash tag, modulo 16384 (`keyHashSlot` in cluster.c). The hash tag is the text
 * between the first `{` and the first `}` after it, or the whole key if there is no such text.
 *
 * @param key the key as the server receives it.
 * @returns an integer from 0 to 16 383.
 */
export function keySlot(key: string): number {
  return keySlotOfBytes(Buffer.from(key));
}

/** Returns the slot of a key that may contain any bytes. */
export function keySlotOfBytes(bytes: Uint8Array): number {
  // In latin1, each byte is one character.
  const key = Buffer.from(bytes).toString("latin1");
  const open = key.indexOf("{");
  const close = open === -1 ? -1 : key.indexOf("}", open);
  const hashed = close > open + 1 ? key.slice(open + 1, close) : key;
  return crc16(Buffer.from(hashed, "latin1")) % SLOT_COUNT;
}

function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
  }
  return crc;
}

/**
 * Divides all slots among shards as `redis-cli --cluster create` does (`clusterManagerCommandCreate` in redis-cli.c): it sums the
 * share of a shard in single precision and rounds the sum to the nearest slot. The last shard gets all remaining slots.
 */
export function splitSlots(shards: number): readonly SlotRange[] {
  const share = Math.fround(SLOT_COUNT / shards);
  const ranges: SlotRange[] = [];
  let first = 0;
  let sum = 0;
  for (let shard = 0; shard < shards; shard += 1) {
    const end = Math.fround(Math.fround(sum + share) - 1);
    const last = shard === shards - 1 ? SLOT_COUNT - 1 : Math.round(end);
    ranges.push({ first, last });
    first = last + 1;
    sum = Math.fround(sum + share);
  }
  return ranges;
}

/** Returns a key with a slot in the range: the prefix and the first number that leads to such a slot. */
export function keyForRange(range: SlotRange, prefix: string): string {
  for (let attempt = 0; ; attempt += 1) {
    const key = `${prefix}${attempt}`;
    const slot = keySlot(key);
    if (slot >= range.first && slot <= range.last) return key;
  }
}
