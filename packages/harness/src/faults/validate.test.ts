import { expect, test } from "vitest";
import { applyToAll } from "./apply-to-all.ts";
import { requireNumber, requireOneOf } from "./validate.ts";

test("a fault that fails for one target is taken back for those that had it, and only for those", async () => {
  const inForce = new Set<string>();
  const undone: string[] = [];
  const applying = applyToAll(
    ["first", "second", "third"],
    async (target) => {
      if (target === "second") throw new Error("second refuses");
      inForce.add(target);
    },
    async (target) => {
      undone.push(target);
      inForce.delete(target);
    },
  );
  await expect(applying).rejects.toThrow("second refuses");
  expect(inForce).toEqual(new Set());
  expect(undone).toEqual(["first", "third"]);
});

test("a target that cannot be undone does not hide why the fault failed", async () => {
  const applying = applyToAll(
    ["first", "second"],
    (target) => (target === "second" ? Promise.reject(new Error("second refuses")) : Promise.resolve()),
    () => Promise.reject(new Error("undoing failed, too")),
  );
  await expect(applying).rejects.toThrow("second refuses");
});

test("a fault that works for all is taken back for none", async () => {
  const undone: string[] = [];
  await applyToAll(
    ["first", "second"],
    () => Promise.resolve(),
    async (target) => {
      undone.push(target);
    },
  );
  expect(undone).toEqual([]);
});

test.for([Number.NaN, Number.POSITIVE_INFINITY, 0, 11])("%d is no number from 1 to 10", (value) => {
  expect(() => requireNumber("share", value, 1, 10)).toThrow(
    `Invalid share: expected a number from 1 to 10, got ${value}.`,
  );
});

test("a word that is none of those allowed is an error that names them", () => {
  expect(() => requireOneOf("with", "SIGSTOP", ["SIGKILL", "SIGTERM"])).toThrow(
    expect.objectContaining({
      code: "INVALID_ARGUMENT",
      message: 'Invalid with: expected one of "SIGKILL", "SIGTERM", got "SIGSTOP".',
    }),
  );
  expect(() => requireOneOf("with", "SIGTERM", ["SIGKILL", "SIGTERM"])).not.toThrow();
});
