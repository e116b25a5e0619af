import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeValue, encodeValue } from "./token.ts";

test("decodes the token of a value, and rejects all other values", () => {
  expect(encodeValue(3, 17, 8)).toBe("w3-17...");
  expect(encodeValue(3, 17, 1)).toBe("w3-17");
  fc.assert(
    fc.property(fc.nat({ max: 255 }), fc.nat(), fc.nat({ max: 64 }), (writer, sequence, bytes) => {
      expect(decodeValue(encodeValue(writer, sequence, bytes))).toEqual({ writer, sequence });
    }),
  );
  for (const other of ["", "w3", "w3-", "x3-17", "w3-17.x", "17"]) expect(decodeValue(other)).toBeUndefined();
});
