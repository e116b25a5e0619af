import type { SlotRange } from "./cluster-plan.ts";

/** Number of slots of every Redis Cluster. */
export const SLOT_COUNT = 16384;

/**
 * The slot of a key: CRC16 (XMODEM) modulo 16384 of its hash tag, which is what stands between the first `{` and the
 * first `}` after it, or of the whole key where nothing stands there (`keyHashSlot` in cluster.c).
 */
export function keySlot(key: string): number {
  return keySlotOfBytes(Buffer.from(key));
}

/** The slot of a key that need not be text. */
export function keySlotOfBytes(bytes: Uint8Array): number {
  // One character a byte.
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
 * Splits all slots over `shards` as `redis-cli --cluster create` does: a running sum in single precision, rounded
 * to the nearest slot, the last shard taking what is left (`clusterManagerCommandCreate` in redis-cli.c).
 */
export function splitSlots(shards: number): readonly SlotRange[] {
  const share = Math.fround(SLOT_COUNT / shards);
  const ranges: SlotRange[] = [];
  let first = 0;
  let cursor = 0;
  for (let shard = 0; shard < shards; shard += 1) {
    const end = Math.fround(Math.fround(cursor + share) - 1);
    const last = shard === shards - 1 ? SLOT_COUNT - 1 : Math.round(end);
    ranges.push({ first, last });
    first = last + 1;
    cursor = Math.fround(cursor + share);
  }
  return ranges;
}

/** A key of the given range, found by trying `prefix` plus a number. */
export function keyForRange(range: SlotRange, prefix: string): string {
  for (let attempt = 0; ; attempt += 1) {
    const key = `${prefix}${attempt}`;
    const slot = keySlot(key);
    if (slot >= range.first && slot <= range.last) return key;
  }
}
