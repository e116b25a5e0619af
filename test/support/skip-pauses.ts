import { readFileSync } from "node:fs";
import { beforeEach } from "vitest";
import { hasControlGroups, NO_CONTROL_GROUPS } from "./engine.ts";

// Skips the examples that pause a node if the engine cannot do that. They do not say so themselves: they are in the documentation.

beforeEach(async ({ task, skip }) => {
  const source = readFileSync(task.file.filepath, "utf8");
  const start = source.indexOf(`("${task.name}"`);
  const end = source.indexOf("\n});", start);
  skip(/\.pause\(/.test(source.slice(start, end)) && !(await hasControlGroups()), NO_CONTROL_GROUPS);
});
