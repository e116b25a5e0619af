import { utimes } from "node:fs/promises";
import { join } from "node:path";
import { startVitest } from "vitest/node";

// `node watch-session.ts FILE` runs Vitest in watch mode on the suite in the working folder: it waits for the first run, changes a
// file, waits for the second run, and quits. Vitest reads keys only from a terminal, so this program uses its Node API.

const [, , file = ""] = process.argv;
const root = process.cwd();
const runs: string[] = [];
const secondRun = Promise.withResolvers<void>();

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
        if (runs.length === 2) secondRun.resolve();
      },
    },
  ],
});
await utimes(join(root, file), new Date(), new Date());
await secondRun.promise;
console.log(runs.join("\n"));
await vitest.close();
