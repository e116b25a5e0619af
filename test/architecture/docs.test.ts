import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { extractQuote, linesOfUntestedBlocks, parseQuotes } from "../support/quotes.ts";
import { STATE_KINDS } from "../support/reset-kinds.ts";

// Code that users copy from a page runs as a test, so the page must show exactly that file.

const ROOT = join(import.meta.dirname, "../..");
const RECIPES = "packages/examples/other-runners";

/** Pages whose blocks need not be quotes: they show excerpts of the source, or errors that no test should cause. */
const MAY_SHOW_EXCERPTS = /^docs\/(?:internals\/|reference\/errors\.md$)/;

const docs: readonly string[] = readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".md"))
  .map((name) => `docs/${name.replaceAll("\\", "/")}`)
  .toSorted();
const pages: readonly string[] = ["README.md", ...docs];
const quotes = pages.flatMap((page) => parseQuotes(readPage(page)).map((quote) => ({ page, ...quote })));

function readPage(page: string): string {
  return readFileSync(join(ROOT, page), "utf8");
}

test.each(quotes)("$page shows the current content of $file", ({ file, region, text }) => {
  expect(text).toBe(extractQuote(readFileSync(join(ROOT, file), "utf8"), region));
});

test("every code block that names a file has a valid file reference", () => {
  const named = pages.flatMap((page) => readPage(page).match(/^\s*```.*file\b.*$/gm) ?? []);
  expect(quotes).toHaveLength(named.length);
});

test("every block of TypeScript or JavaScript shows a tested file", () => {
  const untested = pages
    .filter((page) => !MAY_SHOW_EXCERPTS.test(page))
    .flatMap((page) => linesOfUntestedBlocks(readPage(page)).map((line) => `${page}:${line}`));
  expect(untested).toEqual([]);
});

test("docs/guides/other-runners.md shows every file of the recipes", () => {
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
      .filter(({ page, file }) => page === "docs/guides/other-runners.md" && file.startsWith(RECIPES))
      .map(({ file }) => file)
      .toSorted(),
  ).toEqual(files.toSorted());
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

  test("linesOfUntestedBlocks returns the blocks of code that name no file", () => {
    const page =
      "```ts file=a.ts\none\n```\n\n```js\ntwo\n```\n```sh\nls\n```\n```tsx\n```\n  ```TypeScript\n  ```\n";
    expect(linesOfUntestedBlocks(page)).toEqual([5, 11, 13]);
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
] as const)("docs/reference/reset-states.md lists the states that the tests mark as %s", (outcome, title) => {
  const page = readPage("docs/reference/reset-states.md");
  const section = page.split(/^## /m).find((candidate) => candidate.startsWith(title)) ?? "";
  const listed = [...section.matchAll(/^\| ([^|]+?) \|/gm)].map(([, name]) => name).slice(1);
  const tested = STATE_KINDS.filter((kind) => kind.outcome === outcome).map(({ name }) => name);
  expect(tested.length).toBeGreaterThan(5);
  expect(listed).toEqual(tested);
});
