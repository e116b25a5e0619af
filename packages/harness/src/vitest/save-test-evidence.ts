import { existsSync } from "node:fs";
import { join } from "node:path";
import type { RunnerTestCase, RunnerTestSuite } from "vitest";
import { messageOf, RedisClusterError } from "../errors.ts";
import { redactor } from "../evidence/redact.ts";
import { secretsOfPlan } from "../evidence/find-secrets.ts";
import type { StartedRedisCluster } from "../handle/started-redis-cluster.ts";
import { namesOf, recordArtifact } from "./compatibility.ts";
import { evidenceName } from "./evidence-name.ts";
import { evidenceRoot } from "./evidence-root.ts";

/** The files of the evidence that are attached to the artifact, if they exist. */
const ATTACHED_FILES = ["README.txt", "timeline.txt"];

/** Passes the evidence of a failed start or reset to Vitest, if the error has evidence. Never rejects. */
export async function recordErrorEvidence(thrown: unknown, task: Readonly<RunnerTestCase>): Promise<void> {
  const folder = thrown instanceof RedisClusterError ? thrown.details["evidence"] : undefined;
  if (typeof folder !== "string") return;
  await passToReporters(task, folder).catch((problem: unknown) => {
    console.error(`The evidence of "${namesOf(task).inFile}" was not recorded: ${messageOf(problem)}`);
  });
}

/**
 * Saves the evidence of a failed test, prints the path of its folder once, and passes the folder to the reporters of Vitest, which
 * does not accept annotations of a test that has already failed. Never rejects, so that the error of the test itself is reported.
 *
 * @param error the error of the test.
 * @param evidenceDir the option `evidenceDir`.
 */
export async function saveTestEvidence(
  cluster: Pick<StartedRedisCluster, "saveEvidence" | "plan">,
  task: Readonly<RunnerTestCase>,
  error: unknown,
  evidenceDir: string | undefined,
): Promise<void> {
  const redact = redactor(secretsOfPlan(cluster.plan));
  const { inFile, inProject } = namesOf(task);
  const name = evidenceName({
    project: task.file.projectName,
    file: task.file.name,
    test: redact(inFile),
    duplicateIndex: countEarlierDuplicates(task, inFile),
    repeat: task.result?.repeatCount,
    retry: task.result?.retryCount,
  });
  try {
    const folder = await cluster.saveEvidence(join(evidenceRoot(evidenceDir), name), {
      title: inProject,
      error,
    });
    console.error(`Evidence: ${folder}`);
    await passToReporters(task, folder);
  } catch (problem) {
    console.error(`The evidence of "${inFile}" is incomplete: ${messageOf(problem)}`);
  }
}

/**
 * Returns the number of earlier tests of the same file with the same name.
 *
 * @param inFile the name of the test in its file.
 */
function countEarlierDuplicates(task: Readonly<RunnerTestCase>, inFile: string): number {
  const tests = testsOf(task.file);
  return tests
    .slice(
      0,
      tests.findIndex(({ id }) => id === task.id),
    )
    .filter((earlier) => namesOf(earlier).inFile === inFile).length;
}

function testsOf(suite: RunnerTestSuite): readonly RunnerTestCase[] {
  return suite.tasks.flatMap((task) => (task.type === "suite" ? testsOf(task) : [task]));
}

/** Passes the folder of the evidence to the reporters of Vitest: as metadata, and as an artifact if Vitest has artifacts. */
async function passToReporters(task: Readonly<RunnerTestCase>, folder: string): Promise<void> {
  task.meta.redisClusterEvidence = folder;
  const attachments = ATTACHED_FILES.map((file) => join(folder, file))
    .filter((path) => existsSync(path))
    .map((path) => ({ path, contentType: "text/plain" }));
  await recordArtifact(task, { type: "testcontainers-redis-cluster:evidence", folder, attachments });
}
