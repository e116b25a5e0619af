import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { STATE_KINDS } from "../support/reset-kinds.ts";
import { extractQuote, parseQuotes } from "../support/quotes.ts";

// Code that users copy from a page runs as a test, so the page must show exactly that file.

const ROOT = join(import.meta.dirname, "../..");
const RECIPES = "packages/examples/other-runners";

const pages: readonly string[] = [
  "README.md",
  ...readdirSync(join(ROOT, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];
const quotes = pages.flatMap((page) =>
  parseQuotes(readFileSync(join(ROOT, page), "utf8")).map((quote) => ({ page, ...quote })),
);

test.each(quotes)("$page shows the current content of $file", ({ file, region, text }) => {
  expect(text).toBe(extractQuote(readFileSync(join(ROOT, file), "utf8"), region));
});

test("every code block that names a file has a valid file reference", () => {
  const named = pages.flatMap(
    (page) => readFileSync(join(ROOT, page), "utf8").match(/^\s*```.*file\b.*$/gm) ?? [],
  );
  expect(quotes).toHaveLength(named.length);
});

test("docs/test-runners.md shows every file of the recipes", () => {
  const files = readdirSync(join(ROOT, RECIPES), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== "node_modules")
    .flatMap(({ name }) =>
      readdirSync(join(ROOT, RECIPES, name), { withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => `${RECIPES}/${name}/${entry.name}`),
    );
  expect(files.length).toBeGreaterThan(3);
  expect(
    quotes
      .filter(({ page }) => page === "docs/test-runners.md")
      .map(({ file }) => file)
      .toSorted(),
  ).toEqual(files.toSorted());
});

test("the options table of the README lists exactly the options of a start", () => {
  const source = readFileSync(join(ROOT, "packages/harness/src/plan/validate-options.ts"), "utf8");
  const list = /OPTION_NAMES[^[]*\[([^\]]*)\]/.exec(source)?.[1] ?? "";
  const options = [...list.matchAll(/"(\w+)"/g)].map(([, name = ""]) => name);
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  const table = /### Options\n[^]*?\n(\|[^]*?)\n\n/.exec(readme)?.[1] ?? "";
  const listed = table
    .split("\n")
    .slice(2)
    .flatMap((row) => [...(row.split("|")[1] ?? "").matchAll(/`(\w+)`/g)].map(([, name = ""]) => name));
  expect(options.length).toBeGreaterThan(20);
  expect(listed.toSorted()).toEqual(options.toSorted());
});

describe("code quotes of pages", () => {
  const source =
    "import x;\n\ntest(() => {\n  // #region kill\n  if (x) {\n\n    kill();\n  }\n  // #endregion\n});\n";

  test("parseQuotes returns the fenced blocks that name a file or a region", () => {
    const page =
      "```ts\nplain\n```\n\n````js file=a/b.js#kill\n```\n````\ntext\n```ts file=c.ts\none\ntwo\n```\n";
    expect(parseQuotes(page)).toEqual([
      { file: "a/b.js", region: "kill", text: "```\n" },
      { file: "c.ts", region: undefined, text: "one\ntwo\n" },
    ]);
  });

  test("extractQuote returns the whole file if no region is named", () => {
    expect(extractQuote(source, undefined)).toBe(source);
  });

  test("extractQuote returns the lines of a region without their common indentation", () => {
    expect(extractQuote(source, "kill")).toBe("if (x) {\n\n  kill();\n}\n");
  });

  test("extractQuote throws if a region is missing or does not end", () => {
    expect(() => extractQuote(source, "save")).toThrow("Region save was not found");
    expect(() => extractQuote("// #region kill\nkill();\n", "kill")).toThrow(
      "Region kill was not found or does not end",
    );
  });
});

test.each([
  ["restored", "Restored by commands"],
  ["replaced", "Replaced with the process"],
] as const)(
  "docs/reset-states.md lists exactly the kinds of state that the tests mark as %s",
  (outcome, title) => {
    const page = readFileSync(join(ROOT, "docs/reset-states.md"), "utf8");
    const section = page.split(/^## /m).find((candidate) => candidate.startsWith(title)) ?? "";
    const listed = [...section.matchAll(/^\| ([^|]+?) \|/gm)].map(([, name]) => name).slice(1);
    const tested = STATE_KINDS.filter((kind) => kind.outcome === outcome).map(({ name }) => name);
    expect(tested.length).toBeGreaterThan(5);
    expect(listed).toEqual(tested);
  },
);
