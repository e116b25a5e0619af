import { existsSync } from "node:fs";
import { join } from "node:path";
import { recordArtifact, type RunnerTestCase, type RunnerTestSuite, type TestAttachment } from "vitest";
import { messageOf, RedisClusterError } from "../errors.ts";
import { redactor } from "../evidence/redact.ts";
import { secretsOfPlan } from "../evidence/find-secrets.ts";
import type { StartedRedisCluster } from "../handle/started-redis-cluster.ts";
import { evidenceName } from "./evidence-name.ts";
import type { EvidenceArtifact } from "./vitest-types.ts";

/** Below the folder in which Vitest was started; caches of tools are nothing that anybody commits. */
const DEFAULT_FOLDER = "node_modules/.cache/testcontainers-redis-cluster/evidence";

/** The files that are handed to Vitest, where the evidence has them. */
const ATTACHED = ["README.txt", "timeline.txt"];

/** The folder in which the evidence of a test gets one of its own. */
export function evidenceParent(given: string | undefined): string {
  return given ?? (process.env["TESTCONTAINERS_REDIS_CLUSTER_EVIDENCE_DIR"] || DEFAULT_FOLDER);
}

/** Hands the evidence of a start or reset that failed to Vitest, where the error has some. Never throws. */
export async function recordEvidenceOf(thrown: unknown, task: Readonly<RunnerTestCase>): Promise<void> {
  const folder = thrown instanceof RedisClusterError ? thrown.details["evidence"] : undefined;
  if (typeof folder !== "string") return;
  await recordArtifact(task, artifact(folder)).catch((problem: unknown) => {
    console.error(`The evidence of "${task.fullTestName}" was not recorded: ${messageOf(problem)}`);
  });
}

/**
 * Saves what the cluster of a failed test has to tell, prints the folder's path once, and hands the folder to Vitest
 * as an artifact: an annotation is refused from the moment on at which a test has failed. Never throws, for the
 * test's own error is the one to see.
 */
export async function saveTestEvidence(
  cluster: Pick<StartedRedisCluster, "saveEvidence" | "plan">,
  task: Readonly<RunnerTestCase>,
  error: unknown,
  folder: string | undefined,
): Promise<void> {
  const redact = redactor(secretsOfPlan(cluster.plan));
  const name = evidenceName({
    project: task.file.projectName,
    file: task.file.name,
    test: redact(task.fullTestName),
    namesake: namesakesBefore(task),
    repeat: task.result?.repeatCount,
    retry: task.result?.retryCount,
  });
  try {
    const saved = await cluster.saveEvidence(join(evidenceParent(folder), name), {
      title: task.fullName,
      error,
    });
    console.error(`Evidence: ${saved}`);
    await recordArtifact(task, artifact(saved));
  } catch (problem) {
    console.error(`The evidence of "${task.fullTestName}" is incomplete: ${messageOf(problem)}`);
  }
}

/** How many tests of the same file have the same name and come before. */
function namesakesBefore(task: Readonly<RunnerTestCase>): number {
  const all = testsOf(task.file);
  return all
    .slice(
      0,
      all.findIndex(({ id }) => id === task.id),
    )
    .filter(({ fullTestName }) => fullTestName === task.fullTestName).length;
}

function testsOf(suite: RunnerTestSuite): readonly RunnerTestCase[] {
  return suite.tasks.flatMap((each) => (each.type === "suite" ? testsOf(each) : [each]));
}

function artifact(folder: string): EvidenceArtifact {
  const attachments: TestAttachment[] = ATTACHED.map((file) => join(folder, file))
    .filter((path) => existsSync(path))
    .map((path) => ({ path, contentType: "text/plain" }));
  return { type: "testcontainers-redis-cluster:evidence", folder, attachments };
}
