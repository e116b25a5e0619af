import { existsSync } from "node:fs";
import { join } from "node:path";
import { recordArtifact, type RunnerTestCase, type RunnerTestSuite, type TestAttachment } from "vitest";
import { messageOf, RedisClusterError } from "../errors.ts";
import { redactor } from "../evidence/redact.ts";
import { secretsOfPlan } from "../evidence/find-secrets.ts";
import { EVIDENCE_VARIABLE } from "../plan/cluster-options.ts";
import type { StartedRedisCluster } from "../handle/started-redis-cluster.ts";
import { evidenceName } from "./evidence-name.ts";
import type { EvidenceArtifact } from "./vitest-types.ts";

/** Relative to the folder in which Vitest was started. Version control usually ignores `node_modules`. */
const DEFAULT_FOLDER = "node_modules/.cache/testcontainers-redis-cluster/evidence";

/** The files of the evidence that are attached to the artifact, if they exist. */
const ATTACHED_FILES = ["README.txt", "timeline.txt"];

/** Returns the folder that contains the evidence folders of tests. */
export function evidenceRoot(evidenceDir: string | undefined): string {
  return evidenceDir ?? (process.env[EVIDENCE_VARIABLE] || DEFAULT_FOLDER);
}

/** Passes the evidence of a failed start or reset to Vitest, if the error has evidence. Never rejects. */
export async function recordErrorEvidence(thrown: unknown, task: Readonly<RunnerTestCase>): Promise<void> {
  const folder = thrown instanceof RedisClusterError ? thrown.details["evidence"] : undefined;
  if (typeof folder !== "string") return;
  await recordArtifact(task, artifact(folder)).catch((problem: unknown) => {
    console.error(`The evidence of "${task.fullTestName}" was not recorded: ${messageOf(problem)}`);
  });
}

/**
 * Saves the evidence of a failed test, prints the path of its folder once, and passes the folder to Vitest as an artifact: Vitest
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
  const name = evidenceName({
    project: task.file.projectName,
    file: task.file.name,
    test: redact(task.fullTestName),
    duplicateIndex: countEarlierDuplicates(task),
    repeat: task.result?.repeatCount,
    retry: task.result?.retryCount,
  });
  try {
    const folder = await cluster.saveEvidence(join(evidenceRoot(evidenceDir), name), {
      title: task.fullName,
      error,
    });
    console.error(`Evidence: ${folder}`);
    await recordArtifact(task, artifact(folder));
  } catch (problem) {
    console.error(`The evidence of "${task.fullTestName}" is incomplete: ${messageOf(problem)}`);
  }
}

/** Returns the number of earlier tests of the same file with the same name. */
function countEarlierDuplicates(task: Readonly<RunnerTestCase>): number {
  const tests = testsOf(task.file);
  return tests
    .slice(
      0,
      tests.findIndex(({ id }) => id === task.id),
    )
    .filter(({ fullTestName }) => fullTestName === task.fullTestName).length;
}

function testsOf(suite: RunnerTestSuite): readonly RunnerTestCase[] {
  return suite.tasks.flatMap((task) => (task.type === "suite" ? testsOf(task) : [task]));
}

function artifact(folder: string): EvidenceArtifact {
  const attachments: TestAttachment[] = ATTACHED_FILES.map((file) => join(folder, file))
    .filter((path) => existsSync(path))
    .map((path) => ({ path, contentType: "text/plain" }));
  return { type: "testcontainers-redis-cluster:evidence", folder, attachments };
}
