import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const SOURCE = join(import.meta.dirname, "../../packages/harness/src");

test("docs/reference/errors.md lists all error codes in the order of the source", () => {
  const code = readFileSync(join(SOURCE, "errors.ts"), "utf8");
  const union = /export type ErrorCode =([^;]+);/.exec(code)?.[1] ?? "";
  const codes = [...union.matchAll(/"([A-Z_]+)"/g)].map(([, name]) => name);
  const page = readFileSync(join(import.meta.dirname, "../../docs/reference/errors.md"), "utf8");
  const headings = [...page.matchAll(/^## `?([A-Z_]+)`?$/gm)].map(([, name]) => name);
  expect(codes.length).toBeGreaterThan(10);
  expect(headings).toEqual(codes);
});

test("every error code is used in the source", () => {
  const code = readFileSync(join(SOURCE, "errors.ts"), "utf8");
  const union = /export type ErrorCode =([^;]+);/.exec(code)?.[1] ?? "";
  const others = readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
    .map((file) => readFileSync(join(SOURCE, file), "utf8").replace(union, ""))
    .join("\n");
  const unused = [...union.matchAll(/"([A-Z_]+)"/g)].filter(([quoted]) => !others.includes(quoted));
  expect(unused.map(([, name]) => name)).toEqual([]);
});
