import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { leftovers } from "../support/engine.ts";
import { type EngineRequest, type RequestHandling, RequestRelay } from "../support/request-relay.ts";
import { ChildProgram } from "../support/child-program.ts";
import type { Progress } from "./progress.ts";

// A start whose requests to the engine fail once, each by its position, in every way in which a request can fail.
// Whatever happens, nothing is left, and an error names the step that failed.

/** In which way a request fails. */
export type Failure = "unseen" | "unanswered" | "refused" | "hang";
export const FAILURES: readonly Failure[] = ["unseen", "unanswered", "refused", "hang"];

/** One start with one failure. */
export interface RequestScenario {
  /** The request that failed, and in which way. */
  readonly name: string;
  readonly position: number | undefined;
  readonly failure: Failure;
  /** Method and path of the request that failed; undefined if the start sent fewer. */
  readonly request: string | undefined;
  /** `"started"`, or the error's code. */
  readonly outcome: string;
  /** The first line of the error's message. */
  readonly message: string | undefined;
  /** Everything that was still there when the process had ended by itself. */
  readonly left: readonly string[];
  /** From the start's call to its outcome, in milliseconds. */
  readonly tookMs: number;
  /** What is wrong with this scenario; undefined if it is as it must be. */
  readonly problem: string | undefined;
}

/** A start that ends within this time even if the engine does not answer. */
const STARTUP_TIMEOUT_MS = 6_000;
/** A start in which one answer does not come fails within this time: it waits 30 seconds for the engine's first answers. */
const LONGEST_MS = 60_000;
/** By which the message of an error says which step failed. */
const STEPS = /engine|image|network|subnet|node-\d|containers|reaper|cluster \(phase: |Finding|Docker|seed/i;

/** An RDB file with the key `a` in database 0, without a checksum. */
const RDB = Buffer.concat([
  Buffer.from("REDIS0009"),
  Buffer.from([0xfe, 0, 0, 1, 0x61, 1, 0x31, 0xff]),
  Buffer.alloc(8),
]);

// One shard, because each primary needs a file, and each file a server that loads it.
const program = (rdb: string): string => `
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

/** How many requests a start sends that nothing happens to, its removal not included. */
async function countRequests(): Promise<number> {
  const { sent } = await start(() => "pass");
  return sent;
}

/**
 * Starts a cluster of which one request fails: that at the position, or of those of that kind the `nth`.
 *
 * @param nth from 1.
 */
export async function failRequest(
  which: number | `${"GET" | "POST" | "PUT"} ${string}`,
  failure: Failure,
  nth = 1,
): Promise<RequestScenario> {
  let failed: EngineRequest | undefined;
  let seen = 0;
  const matches = ({ method, path, position }: EngineRequest): boolean => {
    if (typeof which === "number") return position === which;
    if (`${method} ${path}` === which) seen += 1;
    return seen === nth;
  };
  const { code, message, cleanup, left, tookMs } = await start((request) => {
    if (failed !== undefined || !matches(request)) return "pass";
    failed = request;
    return failure === "refused" ? { status: 500, message: "the engine has a bad day" } : failure;
  });
  const problems = [
    ...(left.length > 0 ? [`left: ${left.join(", ")}`] : []),
    ...(tookMs > LONGEST_MS ? [`it took ${tookMs} ms`] : []),
    ...(code === "started" || /^[A-Z_]+$/.test(code) ? [] : [`no error of the library: ${code}`]),
    ...(message === undefined || STEPS.test(message) ? [] : [`the error names no step: ${message}`]),
    // One that the engine never answers may be under way for ever; all others are undone at once.
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

/** Runs all scenarios of the given failures that are not finished yet, and returns the results of all. */
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

interface Ended {
  readonly code: string;
  readonly message: string | undefined;
  readonly cleanup: string | undefined;
  readonly left: readonly string[];
  /** Requests up to the end of the start. */
  readonly sent: number;
  readonly tookMs: number;
}

async function start(decide: (request: EngineRequest) => RequestHandling): Promise<Ended> {
  const folder = await mkdtemp(join(tmpdir(), "trc-requests-seed-"));
  try {
    const rdb = join(folder, "seed.rdb");
    await writeFile(rdb, RDB);
    return await run(program(rdb), decide);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function run(body: string, decide: (request: EngineRequest) => RequestHandling): Promise<Ended> {
  let hangs = false;
  await using relay = await RequestRelay.start((request) => {
    const fate = decide(request);
    hangs ||= fate === "hang";
    return fate;
  });
  await using victim = new ChildProgram(body, relay.environment);
  const outcome = await victim.waitForReport("outcome");
  const tookMs = Number(outcome["tookMs"]);
  const sent = relay.requests.length;
  const cleanup = outcome["cleanup"] as string | undefined;
  // What the library itself has left, before its watcher removes it.
  const left = cleanup === undefined && outcome["code"] !== "started" ? await leftovers() : [];
  // A request without an answer keeps its process alive.
  if (hangs) victim.kill();
  await victim.ended;
  return {
    code: String(outcome["code"]),
    message: outcome["message"] as string | undefined,
    cleanup,
    left: left.length > 0 ? left : await leftAfter(15_000),
    sent,
    tookMs,
  };
}

/** What is still there when the watcher has had that much time. */
async function leftAfter(ms: number): Promise<readonly string[]> {
  const begun = performance.now();
  for (;;) {
    const left = await leftovers();
    if (left.length === 0 || performance.now() - begun > ms) return left;
  }
}
