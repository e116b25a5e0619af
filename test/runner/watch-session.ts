import { utimes } from "node:fs/promises";
import { join } from "node:path";
import { startVitest } from "vitest/node";

// Vitest in watch mode on a suite, `node watch-session.ts SUITE FILE`: one run, one change of a file, one more run, and the end,
// as by pressing q. Its only keyboard is a terminal's, so this goes in by its Node API.

const [, , suite = "", file = ""] = process.argv;
const root = join(import.meta.dirname, "suites", suite);
const runs: string[] = [];
const second = Promise.withResolvers<void>();

const vitest = await startVitest("test", [], {
  root,
  watch: true,
  reporters: [
    {
      onTestRunEnd(modules, errors, reason): void {
        const states = modules.flatMap((module) =>
          [...module.children.allTests()].map((test) => test.result().state),
        );
        runs.push(`${reason} ${states.length} ${errors.length}`);
        if (runs.length === 2) second.resolve();
      },
    },
  ],
});
await utimes(join(root, file), new Date(), new Date());
await second.promise;
console.log(runs.join("\n"));
await vitest.close();
