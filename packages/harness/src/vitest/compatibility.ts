import * as vitest from "vitest";
import type { RunnerTestCase, RunnerTestSuite } from "vitest";
import type { EvidenceArtifact } from "./vitest-types.ts";

// What differs between the supported versions of Vitest: 3.2, 4 and 5. The types of the matchers differ as well, see vitest.ts.

/** The names of a test. Vitest 5 has them as `fullTestName` and `fullName` of a task, older versions do not. */
interface TestNames {
  /** The names of the blocks around the test, and its own: `orders > are paid`. */
  readonly inFile: string;
  /** The same, after the path of the file. */
  readonly inProject: string;
}

/** Returns the names of a test. */
export function namesOf(task: Readonly<RunnerTestCase>): TestNames {
  const names = [task.name];
  let suite: Readonly<RunnerTestSuite> | undefined = task.suite;
  // The file is the outermost suite.
  while (suite !== undefined && !("filepath" in suite)) {
    names.unshift(suite.name);
    suite = suite.suite;
  }
  return { inFile: names.join(" > "), inProject: [task.file.name, ...names].join(" > ") };
}

/** Does what `recordArtifact` of Vitest does. Before Vitest 4.0.11, which has no artifacts, it does nothing. */
export async function recordArtifact(
  task: Readonly<RunnerTestCase>,
  artifact: EvidenceArtifact,
): Promise<void> {
  const { recordArtifact: record }: Partial<typeof vitest> = vitest;
  await record?.(task, artifact);
}
