import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ChildProgram } from "../support/child-program.ts";
import { leftoversOfProcess } from "../support/engine.ts";
import { type EngineRequest, type RequestHandling, RequestRelay } from "../support/request-relay.ts";
import type { Progress } from "../support/progress.ts";

// In each start one request to the engine fails. All requests are covered by their position, each with every kind of failure.
// A start must leave nothing behind, and an error must name the step that failed.

/** How a request fails. */
export type Failure = "unseen" | "unanswered" | "refused" | "hang";
export const FAILURES: readonly Failure[] = ["unseen", "unanswered", "refused", "hang"];

/** The result of one start with one failed request. */
export interface RequestScenario {
  /** The request that failed, and how. */
  readonly name: string;
  readonly position: number | undefined;
  readonly failure: Failure;
  /** The method and path of the failed request. Undefined if the start sent fewer requests. */
  readonly request: string | undefined;
  /** `"started"`, or the code of the error. */
  readonly outcome: string;
  /** The first line of the error message. */
  readonly message: string | undefined;
  /** The resources that were left after the process had ended. */
  readonly left: readonly string[];
  /** The time from the call of the start to its outcome, in milliseconds. */
  readonly tookMs: number;
  /** What is wrong with the result. Undefined if it is correct. */
  readonly problem: string | undefined;
}

/** The timeout of the start. */
const STARTUP_TIMEOUT_MS = 6_000;
/** The longest duration of a start in which one request is not answered. The first requests have a timeout of 30 seconds. */
const MAX_DURATION_MS = 60_000;
/** Matches error messages that name the failed step. */
const STEP_PATTERN =
  /engine|image|network|subnet|node-\d|containers|reaper|cluster \(phase: |Finding|Docker|seed/i;

/** An RDB file with the key `a` in database 0, without a checksum. */
const RDB = Buffer.concat([
  Buffer.from("REDIS0009"),
  Buffer.from([0xfe, 0, 0, 1, 0x61, 1, 0x31, 0xff]),
  Buffer.alloc(8),
]);

// The cluster has one shard, because each primary needs a file, and each file needs a server that loads it.
const programSource = (rdb: string): string => `
  const startedAt = performance.now();
  const report = (outcome) =>
    console.log("outcome", JSON.stringify({ ...outcome, tookMs: Math.round(performance.now() - startedAt) }));
  try {
    const cluster = await startRedisCluster({
      nodes: 3, replicas: 2, tls: true, startupTimeoutMs: ${STARTUP_TIMEOUT_MS}, seed: { rdb: [${JSON.stringify(rdb)}] },
    });
    report({ code: "started" });
    await cluster.stop();
  } catch (error) {
    report({
      code: error.code ?? String(error), message: error.message, cleanup: error.details?.cleanupError?.message,
    });
  }`;

/** Returns the number of requests that an undisturbed start sends, without those of its removal. */
async function countRequests(): Promise<number> {
  const { sent } = await start(() => "pass");
  return sent;
}

/**
 * Starts a cluster during which one request fails.
 *
 * @param target the position of the request, or its method and path.
 * @param nth the number of the request among those with this method and path, from 1.
 */
export async function failRequest(
  target: number | `${"GET" | "POST" | "PUT"} ${string}`,
  failure: Failure,
  nth = 1,
): Promise<RequestScenario> {
  let failed: EngineRequest | undefined;
  let matchCount = 0;
  const matches = ({ method, path, position }: EngineRequest): boolean => {
    if (typeof target === "number") return position === target;
    if (`${method} ${path}` === target) matchCount += 1;
    return matchCount === nth;
  };
  const { code, message, cleanup, left, tookMs } = await start((request) => {
    if (failed !== undefined || !matches(request)) return "pass";
    failed = request;
    return failure === "refused" ? { status: 500, message: "injected engine failure" } : failure;
  });
  const problems = [
    ...(left.length > 0 ? [`left: ${left.join(", ")}`] : []),
    ...(tookMs > MAX_DURATION_MS ? [`the start took ${tookMs} ms`] : []),
    ...(code === "started" || /^[A-Z_]+$/.test(code) ? [] : [`not an error of the library: ${code}`]),
    ...(message === undefined || STEP_PATTERN.test(message)
      ? []
      : [`the error does not name a step: ${message}`]),
    // A request that is never answered may be executed later, so only its cleanup may fail.
    ...(cleanup === undefined || failure === "hang" ? [] : [`cleaning up failed: ${cleanup}`]),
  ];
  return {
    name: `${failed === undefined ? "none" : `${failed.method} ${failed.path}`} ${failure}`,
    position: failed?.position,
    failure,
    request: failed && `${failed.method} ${failed.path}`,
    outcome: code,
    message: message?.split("\n")[0],
    left,
    tookMs,
    problem: problems.length === 0 ? undefined : problems.join("; "),
  };
}

/** Runs the scenarios of the given failures that are not finished yet, and returns the results of all scenarios. */
export async function runRequests(options: {
  readonly failures: readonly Failure[];
  readonly progress: Progress;
  readonly onDone: (scenario: RequestScenario, done: number, all: number) => void;
}): Promise<readonly RequestScenario[]> {
  const { failures, progress, onDone } = options;
  const count = await progress.once("requests", countRequests);
  const scenarios: RequestScenario[] = [];
  for (const failure of failures) {
    for (let position = 0; position < count; position += 1) {
      const name = `request ${position + 1} of ${count} ${failure}`;
      const scenario = await progress.once(name, () => failRequest(position, failure));
      scenarios.push(scenario);
      onDone(scenario, scenarios.length, count * failures.length);
    }
  }
  return scenarios;
}

/** How the program of a start ended. */
interface StartResult {
  readonly code: string;
  readonly message: string | undefined;
  readonly cleanup: string | undefined;
  readonly left: readonly string[];
  /** The number of requests until the end of the start. */
  readonly sent: number;
  readonly tookMs: number;
}

async function start(decide: (request: EngineRequest) => RequestHandling): Promise<StartResult> {
  const folder = await mkdtemp(join(tmpdir(), "trc-requests-seed-"));
  try {
    const rdb = join(folder, "seed.rdb");
    await writeFile(rdb, RDB);
    return await run(programSource(rdb), decide);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function run(body: string, decide: (request: EngineRequest) => RequestHandling): Promise<StartResult> {
  let hasHangingRequest = false;
  await using relay = await RequestRelay.start((request) => {
    const handling = decide(request);
    hasHangingRequest ||= handling === "hang";
    return handling;
  });
  await using program = new ChildProgram(body, relay.environment);
  const outcome = await program.waitForReport("outcome");
  const tookMs = Number(outcome["tookMs"]);
  const sent = relay.requests.length;
  const cleanup = outcome["cleanup"] as string | undefined;
  // If the library reports a clean end, nothing may be left, even before its watcher cleans up.
  const left =
    cleanup === undefined && outcome["code"] !== "started" ? await leftoversOfProcess(program.pid) : [];
  // A request without an answer keeps the process alive.
  if (hasHangingRequest) program.kill();
  await program.ended;
  return {
    code: String(outcome["code"]),
    message: outcome["message"] as string | undefined,
    cleanup,
    left: left.length > 0 ? left : await waitForCleanup(program.pid, 15_000),
    sent,
    tookMs,
  };
}

/** Waits until nothing of the process is left, and returns the leftovers if the timeout passes. */
async function waitForCleanup(pid: number, timeoutMs: number): Promise<readonly string[]> {
  const startedAt = performance.now();
  for (;;) {
    const left = await leftoversOfProcess(pid);
    if (left.length === 0 || performance.now() - startedAt > timeoutMs) return left;
  }
}
