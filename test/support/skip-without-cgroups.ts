import { readFileSync } from "node:fs";
import { beforeEach } from "vitest";
import { hasControlGroups, NO_CONTROL_GROUPS } from "./engine.ts";

// Skips the tests that pause a node or limit its resources if the engine cannot do that. They do not say so themselves, because some
// of them are in the documentation.

const NEEDS_CONTROL_GROUPS = /\.pause\(|\b(?:memoryMb|cpus): \d/;

beforeEach(async ({ task, skip }) => {
  const source = readFileSync(task.file.filepath, "utf8");
  const test = sourceOf(task.name, source);
  skip(NEEDS_CONTROL_GROUPS.test(test) && !(await hasControlGroups()), NO_CONTROL_GROUPS);
});

/** Returns the lines of a test. It ends at the bracket with the indentation of its beginning. */
function sourceOf(name: string, source: string): string {
  const lines = source.split("\n");
  const first = lines.findIndex((line) => /^\s*\w*[tT]est\w*\b/.test(line) && line.includes(name));
  const indent = /^\s*/.exec(lines[first] ?? "")?.[0] ?? "";
  const count = lines.slice(first + 1).findIndex((line) => line.startsWith(`${indent}});`));
  return first === -1 ? "" : lines.slice(first, first + 1 + count).join("\n");
}
