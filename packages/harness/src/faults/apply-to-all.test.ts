import { expect, test } from "vitest";
import { applyToAll } from "./apply-to-all.ts";

test("reverts the fault on the other targets if one target fails", async () => {
  const active = new Set<string>();
  const reverted: string[] = [];
  const applying = applyToAll(
    ["first", "second", "third"],
    async (target) => {
      if (target === "second") throw new Error("second failed");
      active.add(target);
    },
    async (target) => {
      reverted.push(target);
      active.delete(target);
    },
  );
  await expect(applying).rejects.toThrow("second failed");
  expect(active).toEqual(new Set());
  expect(reverted).toEqual(["first", "third"]);
});

test("rejects with the original error if reverting fails as well", async () => {
  const applying = applyToAll(
    ["first", "second"],
    (target) => (target === "second" ? Promise.reject(new Error("second failed")) : Promise.resolve()),
    () => Promise.reject(new Error("reverting failed, too")),
  );
  await expect(applying).rejects.toThrow("second failed");
});

test("reverts nothing if the fault is active on all targets", async () => {
  const reverted: string[] = [];
  await applyToAll(
    ["first", "second"],
    () => Promise.resolve(),
    async (target) => {
      reverted.push(target);
    },
  );
  expect(reverted).toEqual([]);
});
