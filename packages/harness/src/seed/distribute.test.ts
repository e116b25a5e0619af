import { expect, test } from "vitest";
import { planCluster } from "../plan/plan-cluster.ts";
import { keySlot } from "../plan/slots.ts";
import { parseSubnet } from "../plan/subnet.ts";
import { validateOptions } from "../plan/validate-options.ts";
import { seedKey } from "./dataset.ts";
import { distribute, type LoadedFile } from "./distribute.ts";

const plan = planCluster(
  validateOptions({ nodes: 2, replicas: 0 }, {}),
  parseSubnet("10.77.0.0/24"),
  (count) => "a".repeat(count),
);
const file = (path: string, ...names: readonly string[]): LoadedFile => ({
  path,
  data: {
    keys: new Map(names.map((name) => [name, seedKey(Buffer.from(name), Buffer.from("payload"), undefined)])),
    functions: Buffer.from(path),
    librariesDigest: path,
  },
});

test("assigns keys to the shards of their slots, and functions by file order", () => {
  const names = Array.from({ length: 20 }, (_, index) => `key-${index}`);
  const lower = names.filter((name) => keySlot(name) <= (plan.shards[0]?.slots.last ?? 0));
  const upper = names.filter((name) => !lower.includes(name));
  const shards = distribute(plan, [file("a.rdb", ...upper), file("b.rdb", ...lower)]);
  expect(shards.map(({ keys }) => [...keys.keys()])).toEqual([lower, upper]);
  expect(shards.map(({ librariesDigest }) => librariesDigest)).toEqual(["a.rdb", "b.rdb"]);
  expect([lower.length, upper.length].every((count) => count > 0)).toBe(true);
});

test("rejects a key that is in two files, and names it", () => {
  const files = [file("a.rdb", "one", "two"), file("b.rdb", "two")];
  expect(() => distribute(plan, files)).toThrow(
    expect.objectContaining({
      code: "START_FAILED",
      message: expect.stringContaining('got "two" in "b.rdb" and in an earlier file') as unknown,
    }),
  );
});
