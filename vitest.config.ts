import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { findRootObstacle, findSecondEngineObstacle } from "./test/support/second-engine.ts";

/** Tests that need what this machine may not have, and why they are left out then. `./dev test` prints it at its end. */
const DEMANDING = {
  "test/reliability/second-engine.test.ts": findSecondEngineObstacle(),
  "test/reliability/host.test.ts": findRootObstacle(),
};

/** Projects whose files run at the same time. Two workers already keep two cores busy, mostly with starts of containers. */
const CONCURRENT = { maxWorkers: 2, sequence: { groupOrder: 1 } };

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          // One process runs many files, because loading the modules for each file would take half of the time.
          isolate: false,
          // With one worker, which two cores would give it, Vitest would run it last: first is what fails within seconds.
          maxWorkers: Math.max(2, availableParallelism() - 1),
          // Property tests compute for seconds, and on a busy machine for longer.
          testTimeout: 60_000,
          include: [
            "packages/harness/src/**/*.test.ts",
            "test/{architecture,matrix/clients,support}/**/*.test.ts",
          ],
        },
      },
      {
        test: {
          name: "types",
          include: [],
          typecheck: {
            enabled: true,
            only: true,
            include: ["test/types/**/*.test-d.ts"],
            tsconfig: "test/tsconfig.json",
          },
        },
      },
      {
        test: {
          name: "integration",
          include: ["test/integration/**/*.test.ts"],
          setupFiles: ["test/support/find-ssh-engine.ts", "test/support/skip-without-cgroups.ts"],
          ...CONCURRENT,
          // Loading the library for each file would take a minute of one core. Files whose clusters have the same options use the same cluster.
          // Clusters with options that few files use have the scope "file", because idle clusters take time from the others.
          isolate: false,
          testTimeout: 60_000,
          hookTimeout: 90_000,
        },
      },
      {
        test: {
          name: "runner",
          include: ["test/runner/*.test.ts"],
          ...CONCURRENT,
          maxConcurrency: 2,
          testTimeout: 90_000,
          // The check for leftovers waits ten seconds before it decides on a network that is still there.
          hookTimeout: 30_000,
        },
      },
      {
        test: {
          name: "reliability",
          // Concurrent tests mostly wait for a watcher; each has a process of its own.
          maxConcurrency: 4,
          include: ["test/reliability/**/*.test.ts"],
          exclude: Object.entries(DEMANDING).flatMap(([file, why]) => (why === undefined ? [] : [file])),
          fileParallelism: false,
          testTimeout: 90_000,
          hookTimeout: 90_000,
        },
      },
      {
        test: {
          name: "browser",
          include: ["test/browser/**/*.test.ts"],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "package",
          include: ["test/package/**/*.test.ts"],
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: "examples",
          include: ["packages/examples/**/*.test.ts"],
          setupFiles: ["test/support/find-ssh-engine.ts", "test/support/skip-without-cgroups.ts"],
          ...CONCURRENT,
          // With this, files whose clusters have the same options use the same cluster, which is reset between their tests.
          isolate: false,
          // The examples set longer timeouts where they need them. On a busy machine, a start may exceed the default of 5 s.
          testTimeout: 20_000,
        },
      },
    ],
    // Docker 20.10 sometimes counts the endpoints of a network wrongly, and then refuses to remove it when a fixture stops its cluster
    // (https://github.com/moby/moby/issues/42119). The check for leftovers at the end of `./dev test` looks at such a network itself.
    onUnhandledError: ({ code, message }) =>
      !(code === "CLEANUP_FAILED" && message.includes("moby/moby/issues/42119")),
    // Groups run one after the other: unit tests first, what needs Docker afterwards. Files that must have the engine to
    // themselves, because they look whether anything is left on it, are in projects without file parallelism.
    sequence: { groupOrder: 0 },
  },
});
