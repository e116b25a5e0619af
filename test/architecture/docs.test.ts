import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { KINDS } from "../support/reset-kinds.ts";
import { linesOfUntestedBlocks, quotable, quotesOf } from "../support/quotes.ts";

// What users copy from a page is run as a test: the page must show the same text as the file.

const ROOT = join(import.meta.dirname, "../..");
const RECIPES = "packages/examples/other-runners";

/** Pages whose blocks need not be quotes: they show excerpts of the source, or errors that no test should cause. */
const MAY_SHOW_EXCERPTS = /^docs\/(?:internals\/|reference\/errors\.md$)/;

const docs: readonly string[] = readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".md"))
  .map((name) => `docs/${name.replaceAll("\\", "/")}`)
  .toSorted();
const pages: readonly string[] = ["README.md", ...docs];
const quotes = pages.flatMap((page) => quotesOf(readPage(page)).map((quote) => ({ page, ...quote })));

function readPage(page: string): string {
  return readFileSync(join(ROOT, page), "utf8");
}

test.each(quotes)("$page shows $file as it is", ({ file, region, text }) => {
  expect(text).toBe(quotable(readFileSync(join(ROOT, file), "utf8"), region));
});

test("no block names a file in a way that is not understood", () => {
  const named = pages.flatMap((page) => readPage(page).match(/^\s*```.*file\b.*$/gm) ?? []);
  expect(quotes).toHaveLength(named.length);
});

test("every block of TypeScript or JavaScript is a quote of a tested file", () => {
  const untested = docs
    .filter((page) => !MAY_SHOW_EXCERPTS.test(page))
    .flatMap((page) => linesOfUntestedBlocks(readPage(page)).map((line) => `${page}:${line}`));
  expect(untested).toEqual([]);
});

test("every file of the recipes for other runners is shown", () => {
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

test("the README's table has every option of a start, and no other", () => {
  const source = readFileSync(join(ROOT, "packages/harness/src/plan/validate-options.ts"), "utf8");
  const list = /OPTION_NAMES[^[]*\[([^\]]*)\]/.exec(source)?.[1] ?? "";
  const options = [...list.matchAll(/"(\w+)"/g)].map(([, name = ""]) => name);
  const readme = readPage("README.md");
  const table = /### Options\n[^]*?\n(\|[^]*?)\n\n/.exec(readme)?.[1] ?? "";
  const told = table
    .split("\n")
    .slice(2)
    .flatMap((row) => [...(row.split("|")[1] ?? "").matchAll(/`(\w+)`/g)].map(([, name = ""]) => name));
  expect(options.length).toBeGreaterThan(20);
  expect(told.toSorted()).toEqual(options.toSorted());
});

describe("a quote", () => {
  const source =
    "import x;\n\ntest(() => {\n  // #region kill\n  if (x) {\n\n    kill();\n  }\n  // #endregion\n});\n";

  test("is a fenced block that names a file, or a region of one", () => {
    const page =
      "```ts\nplain\n```\n\n````js file=a/b.js#kill\n```\n````\ntext\n```ts file=c.ts\none\ntwo\n```\n";
    expect(quotesOf(page)).toEqual([
      { file: "a/b.js", region: "kill", text: "```\n" },
      { file: "c.ts", region: undefined, text: "one\ntwo\n" },
    ]);
  });

  test("is missing in a block of TypeScript or JavaScript that names no file", () => {
    const page =
      "```ts file=a.ts\none\n```\n\n```js\ntwo\n```\n```sh\nls\n```\n```tsx\n```\n  ```TypeScript\n  ```\n";
    expect(linesOfUntestedBlocks(page)).toEqual([5, 11, 13]);
  });

  test("without a region is the whole file", () => {
    expect(quotable(source, undefined)).toBe(source);
  });

  test("of a region has its lines without what they are indented by", () => {
    expect(quotable(source, "kill")).toBe("if (x) {\n\n  kill();\n}\n");
  });

  test("of a region that is not there is an error, and so is one that does not end", () => {
    expect(() => quotable(source, "save")).toThrow("There is no region save");
    expect(() => quotable("// #region kill\nkill();\n", "kill")).toThrow(
      "There is no region kill, or it does",
    );
  });
});

test.each([
  ["restored", "Restored by commands"],
  ["replaced", "Replaced with the process"],
] as const)(
  "the page about resets lists exactly the kinds of state that are %s in the tests",
  (outcome, title) => {
    const page = readPage("docs/reference/reset-states.md");
    const section = page.split(/^## /m).find((each) => each.startsWith(title)) ?? "";
    const listed = [...section.matchAll(/^\| ([^|]+?) \|/gm)].map(([, name]) => name).slice(1);
    const tested = KINDS.filter((kind) => kind.outcome === outcome).map(({ name }) => name);
    expect(tested.length).toBeGreaterThan(5);
    expect(listed).toEqual(tested);
  },
);
