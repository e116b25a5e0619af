import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const run = promisify(execFile);

test("the demo completes and leaves nothing", { timeout: 60_000 }, async () => {
  const { stdout } = await run(process.execPath, [join(import.meta.dirname, "demo/demo.ts")], {
    env: { ...process.env, NO_COLOR: "1" },
    timeout: 55_000,
  });
  for (const part of [
    "3000 read back",
    "  elected",
    "acknowledged writes, 0 lost",
    "rejoined the cluster and in sync",
    "all nodes agree",
    "no containers or networks left",
  ]) {
    expect(stdout).toContain(part);
  }
});
