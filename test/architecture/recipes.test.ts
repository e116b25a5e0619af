import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

// The recipes of the architecture page name every file of the source that an addition changes, and no other.

const ROOT = join(import.meta.dirname, "../..");
const SOURCE = "packages/harness/src";
const PAGE = readFileSync(join(ROOT, "docs/internals/architecture.md"), "utf8");

/** The source without comments and strings, so that only identifiers are left. */
function codeOf(path: string): string {
  const source = readFileSync(join(ROOT, path), "utf8");
  return source.replaceAll(/\/\*[^]*?\*\/|\/\/.*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, "");
}

function filesWith(identifier: string): readonly string[] {
  const files = readdirSync(join(ROOT, SOURCE), { recursive: true, encoding: "utf8" });
  return files
    .map((file) => `${SOURCE}/${file}`)
    .filter((file) => file.endsWith(".ts") && !/\.(?:test|fixture)\.ts$/.test(file))
    .filter((file) => new RegExp(`\\b${identifier}\\b`).test(codeOf(file)))
    .toSorted();
}

/** The example of a recipe, and the files of its steps. Steps that begin with "If" apply to other examples. */
function readRecipe(heading: string): { readonly example: string; readonly files: readonly string[] } {
  const section = PAGE.split(/^## /m).find((text) => text.startsWith(heading)) ?? "";
  const steps = section.split(/^\d+\. /m).slice(1);
  const files = steps
    .filter((step) => !step.startsWith("If "))
    .flatMap((step) => [...step.matchAll(/`(packages\/harness\/src\/[^`]+)`/g)].map(([, file = ""]) => file));
  return { example: /For example `(\w+)`/.exec(section)?.[1] ?? "", files: files.toSorted() };
}

test.each(["Add a fault", "Add an option"])(
  "%s: the recipe names exactly the files that contain its example",
  (heading) => {
    const { example, files } = readRecipe(heading);
    expect(files.length).toBeGreaterThan(1);
    expect(files).toEqual(filesWith(example));
  },
);
