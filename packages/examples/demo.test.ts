import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const run = promisify(execFile);

test("the demo tells its story to the end, and leaves nothing", { timeout: 60_000 }, async () => {
  const { stdout } = await run(process.execPath, [join(import.meta.dirname, "demo/demo.ts")], {
    env: { ...process.env, NO_COLOR: "1" },
    timeout: 55_000,
  });
  for (const part of [
    "3000 read back",
    "  elected",
    "acknowledged writes 0 are lost",
    "in the cluster again and in sync",
    "every node agrees with every other",
    "no container and no network left",
  ]) {
    expect(stdout).toContain(part);
  }
});
