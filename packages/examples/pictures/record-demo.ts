import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { drawTerminal, type RecordedLine } from "./draw-terminal.ts";

// Records `./dev demo` as an animated picture. Run it with `./dev node packages/examples/pictures/record-demo.ts`.

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

const startedAt = performance.now();
const demo = spawn(process.execPath, [`${ROOT}packages/examples/demo/demo.ts`], {
  cwd: ROOT,
  env: { ...process.env, FORCE_COLOR: "1" },
  stdio: ["ignore", "pipe", "inherit"],
});
const lines: RecordedLine[] = [{ atMs: 0, text: "$ ./dev demo" }];
for await (const text of createInterface({ input: demo.stdout }))
  lines.push({ atMs: performance.now() - startedAt, text });
if (demo.exitCode === null) await once(demo, "exit");
if (demo.exitCode !== 0) throw new Error(`The demo ended with the exit code ${demo.exitCode}.`);

mkdirSync(`${ROOT}docs/images`, { recursive: true });
writeFileSync(`${ROOT}docs/images/demo.svg`, drawTerminal(lines));
