import { expect, test } from "vitest";
import { canonicalPayload, isExpiringHash, isHash } from "./canonical-payload.ts";

const footer = Buffer.from("0b00" + "00".repeat(8), "hex");
const payload = (...bytes: readonly (number | string)[]): Buffer =>
  Buffer.concat([
    ...bytes.map((part) => (typeof part === "number" ? Buffer.from([part]) : Buffer.from(part))),
    footer,
  ]);

test("sets and hashes with the same elements are equal in any order", () => {
  expect(canonicalPayload(payload(2, 2, 1, "a", 2, "bc"))).toEqual(
    canonicalPayload(payload(2, 2, 2, "bc", 1, "a")),
  );
  expect(canonicalPayload(payload(4, 2, 1, "a", 1, "x", 1, "b", 0xc0, 7))).toEqual(
    canonicalPayload(payload(4, 2, 1, "b", 0xc0, 7, 1, "a", 1, "x")),
  );
});

test("treats a compressed element as one element", () => {
  // Three compressed bytes that represent twenty bytes.
  expect(canonicalPayload(payload(2, 2, 0xc3, 3, 20, "zzz", 1, "a"))).toEqual(
    canonicalPayload(payload(2, 2, 1, "a", 0xc3, 3, 20, "zzz")),
  );
});

test("hashes whose fields have swapped values are different", () => {
  expect(canonicalPayload(payload(4, 2, 1, "a", 1, "x", 1, "b", 1, "y"))).not.toEqual(
    canonicalPayload(payload(4, 2, 1, "a", 1, "y", 1, "b", 1, "x")),
  );
});

test("keeps the order of lists, and does not change payloads in an unknown format", () => {
  expect(canonicalPayload(payload(18, 2, 1, "b", 1, "a"))).toEqual(
    payload(18, 2, 1, "b", 1, "a").subarray(0, -10),
  );
  expect(canonicalPayload(payload(2, 9, 1, "b"))).toEqual(payload(2, 9, 1, "b").subarray(0, -10));
  expect(canonicalPayload(Buffer.from("short"))).toEqual(Buffer.alloc(0));
});

test("ignores the version and the checksum of a payload", () => {
  const newer = Buffer.concat([Buffer.from([0, 1, 0x61]), Buffer.from("ff".repeat(10), "hex")]);
  expect(canonicalPayload(newer)).toEqual(canonicalPayload(payload(0, 1, "a")));
});

test("recognizes hashes, and hashes whose fields can expire, by the first byte", () => {
  const types = [...Array(30).keys()];
  expect(types.filter((type) => isHash(payload(type, 0)))).toEqual([4, 9, 13, 16, 22, 23, 24, 25]);
  expect(types.filter((type) => isExpiringHash(payload(type, 0)))).toEqual([22, 23, 24, 25]);
  expect([isHash(Buffer.alloc(0)), isExpiringHash(Buffer.alloc(0))]).toEqual([false, false]);
});
