import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import type { ApiItem, ApiPackage } from "@microsoft/api-extractor-model";
import { extractQuote } from "../support/quotes.ts";
import { ROOT } from "./extract.ts";
import { ELSEWHERE, PAGES, type ReferencePage } from "./pages.ts";
import { printPage, type References } from "./print-page.ts";

const FOLDER = `${ROOT}docs/reference/`;
/** The tests that execute the examples of the docstrings. */
const EXAMPLES = "packages/examples/docs";

/**
 * Compares the pages with the docstrings, or writes them.
 *
 * @returns the pages that differed.
 * @throws Error if an exported name is on no page, or an example is not part of a test.
 */
export function writePages(
  packages: readonly ApiPackage[],
  options: { readonly update: boolean },
): readonly string[] {
  const items = new Map<string, ApiItem>();
  for (const item of packages.flatMap(({ entryPoints }) => entryPoints.flatMap(({ members }) => members)))
    if (!items.has(item.displayName)) items.set(item.displayName, item);
  requireComplete([...items.keys()]);
  const references = referencesTo(items);
  return PAGES.flatMap((page) => {
    const text = printPage(page, references);
    if (text === read(page.file)) return [];
    if (options.update) writeFileSync(FOLDER + page.file, text);
    return [page.file];
  });
}

function requireComplete(exported: readonly string[]): void {
  const described = [...PAGES.flatMap(namesOn), ...Object.values(ELSEWHERE).flat()];
  const missing = exported.filter((name) => !described.includes(name));
  const unknown = described.filter((name) => !exported.includes(name));
  if (missing.length + unknown.length > 0) {
    throw new Error(
      `test/api/pages.ts: exported but on no page: ${missing.join(", ") || "none"}; on a page but not exported: ${unknown.join(", ") || "none"}.`,
    );
  }
}

function referencesTo(items: ReadonlyMap<string, ApiItem>): References {
  const pageOf = new Map<string, string>([
    ...PAGES.flatMap((page) => namesOn(page).map((name): [string, string] => [name, page.file])),
    ...Object.entries(ELSEWHERE).flatMap(([file, names]) =>
      names.map((name): [string, string] => [name, file]),
    ),
  ]);
  const tests = readdirSync(`${ROOT}${EXAMPLES}`).filter((name) => name.endsWith(".test.ts"));
  const quotes = tests.flatMap((name) => {
    const source = readFileSync(`${ROOT}${EXAMPLES}/${name}`, "utf8");
    return [...source.matchAll(/#region (\S+)/g)].map(([, region = ""]) => ({
      place: `${EXAMPLES}/${name}#${region}`,
      text: extractQuote(source, region).trim(),
    }));
  });
  return {
    item: (name) => items.get(name) as ApiItem,
    pageOf: (name) => pageOf.get(name),
    findQuote: (example) => {
      // API Extractor shortens the indentation of an example.
      const quote = quotes.find(({ text }) => withoutIndents(text) === withoutIndents(example));
      if (quote === undefined)
        throw new Error(`No region of a test in ${EXAMPLES} has this example of a docstring:\n${example}`);
      return quote;
    },
  };
}

function withoutIndents(text: string): string {
  return text.replaceAll(/^\s+/gm, "");
}

function namesOn({ sections }: ReferencePage): readonly string[] {
  return Object.values(sections).flat();
}

function read(file: string): string | undefined {
  try {
    return readFileSync(FOLDER + file, "utf8");
  } catch {
    return undefined;
  }
}
