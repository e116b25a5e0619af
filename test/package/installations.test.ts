import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { INSTALLATIONS } from "../matrix/installation-rows.ts";
import { packLibrary, tryInstallation } from "../matrix/installations.ts";

/** The rows of the matrix that differ the most from this project. pnpm installs them within a second or two. */
const ROWS = INSTALLATIONS.filter(
  ({ use, manager, versions }) =>
    manager === "pnpm" && (use === "require()" || use === "ts-jest" || versions["vitest"] === "^4.0.0"),
);

// Without a cache, the package manager first downloads about a hundred packages for each project.
test("the packed library works in other projects", { timeout: 400_000 }, async ({ onTestFinished }) => {
  const folder = await mkdtemp(join(tmpdir(), "trc-installations-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const tarball = await packLibrary(folder);
  expect(ROWS.map(({ use }) => use)).toEqual(["require()", "ts-jest", "Vitest"]);
  const results = await Promise.all(ROWS.map((row) => tryInstallation(row, tarball)));
  for (const { name, problem } of results) expect({ name, problem }).toEqual({ name, problem: undefined });
});
