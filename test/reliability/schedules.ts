import fc from "fast-check";
import {
  RedisClusterError,
  type ResetReport,
  type StartedRedisCluster,
  startRedisCluster,
} from "testcontainers-redis-cluster";
import { findTraces } from "../support/pristine.ts";

// Schedules of random faults in random order, each of which ends with a reset. The reset must restore the state of the start.

/** One action on the cluster. Nodes are numbers, so that a schedule does not depend on their roles. */
type Step =
  | { readonly kind: "kill" | "pause" | "resume" | "stop"; readonly node: number }
  | { readonly kind: "restart"; readonly node: number; readonly data: "kept" | "wiped" }
  | {
      readonly kind: "partition";
      readonly nodes: readonly number[];
      readonly plane: "all" | "bus" | "replication";
    }
  | { readonly kind: "failover"; readonly node: number; readonly mode: "graceful" | "force" | "takeover" }
  | { readonly kind: "loss"; readonly node: number; readonly share: number }
  | { readonly kind: "freeze" | "slow" | "setting" | "user"; readonly node: number }
  | { readonly kind: "write"; readonly keys: number }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "heal" };

type Schedule = readonly Step[];

const NODES = 6;
/** The timeout of a step. Many steps wait for something that an earlier step has made impossible. */
const STEP_TIMEOUT_MS = 1_500;
/** The codes with which a step may fail because of an earlier step. */
const EXPECTED_CODES: ReadonlySet<string> = new Set([
  "NODE_NOT_RUNNING",
  "WAIT_TIMEOUT",
  "INVALID_ARGUMENT",
  "START_FAILED",
]);

const node = fc.nat(NODES - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("kill" as const), node }) },
  fc.record({ kind: fc.constantFrom("pause" as const, "resume" as const, "stop" as const), node }),
  fc.record({
    kind: fc.constant("restart" as const),
    node,
    data: fc.constantFrom("kept" as const, "wiped" as const),
  }),
  fc.record({
    kind: fc.constant("partition" as const),
    nodes: fc.uniqueArray(node, { minLength: 1, maxLength: NODES - 1 }),
    plane: fc.constantFrom("all" as const, "bus" as const, "replication" as const),
  }),
  fc.record({
    kind: fc.constant("failover" as const),
    node,
    mode: fc.constantFrom("graceful" as const, "force" as const, "takeover" as const),
  }),
  fc.record({ kind: fc.constant("loss" as const), node, share: fc.constantFrom(0.1, 0.5) }),
  fc.record({
    kind: fc.constantFrom("freeze" as const, "slow" as const, "setting" as const, "user" as const),
    node,
  }),
  fc.record({ kind: fc.constant("write" as const), keys: fc.integer({ min: 1, max: 500 }) }),
  fc.record({ kind: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 1_500 }) }),
  fc.record({ kind: fc.constant("heal" as const) }),
);
const schedules: fc.Arbitrary<Schedule> = fc.array(step, { minLength: 5, maxLength: 10 });

/** Schedules that have failed in the past. They run before the random schedules. */
const REGRESSIONS: readonly Schedule[] = [
  // Several faults that could not be healed immediately caused an error without a code.
  [
    { kind: "kill", node: 2 },
    { kind: "partition", nodes: [3], plane: "all" },
    { kind: "kill", node: 1 },
    { kind: "heal" },
  ],
  // A paused process does not handle SIGTERM, and the reset waited for it.
  [
    { kind: "pause", node: 0 },
    { kind: "stop", node: 0 },
    { kind: "write", keys: 10 },
  ],
];

/** The result of one schedule. */
export interface ScheduleOutcome {
  readonly steps: number;
  /** The number of steps that were rejected because of earlier steps. */
  readonly refused: number;
  readonly reset: ResetReport;
}

/**
 * Runs the given number of random schedules on one cluster and returns their results. If a schedule fails, finds the shortest
 * schedule that fails.
 *
 * @throws Error with the seed and the shortest schedule that fails.
 */
export async function runSchedules(options: {
  readonly count: number;
  readonly seed: number;
  /** Whether to search for the shortest failing schedule, which takes more runs. Otherwise the first failing schedule is thrown. */
  readonly shrink: boolean;
  readonly onDone?: (outcome: ScheduleOutcome) => void;
}): Promise<readonly ScheduleOutcome[]> {
  const outcomes: ScheduleOutcome[] = [];
  const warnings: Error[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning);
  process.on("warning", onWarning);
  let cluster: StartedRedisCluster | undefined;
  try {
    await fc.assert(
      fc.asyncProperty(schedules, async (schedule) => {
        cluster ??= await startRedisCluster({ nodeTimeoutMs: 500 });
        try {
          const outcome = await runSchedule(cluster, schedule);
          outcomes.push(outcome);
          options.onDone?.(outcome);
        } catch (error) {
          console.error(`A schedule failed: ${JSON.stringify(schedule)}\n${String(error)}`);
          // The next schedule must not use this cluster.
          const failedCluster = cluster;
          cluster = undefined;
          await failedCluster.stop();
          throw error;
        }
      }),
      {
        seed: options.seed,
        endOnFailure: !options.shrink,
        numRuns: options.count + REGRESSIONS.length,
        examples: REGRESSIONS.map((schedule): [Schedule] => [schedule]),
        verbose: fc.VerbosityLevel.Verbose,
      },
    );
  } finally {
    await cluster?.stop();
    process.off("warning", onWarning);
  }
  if (warnings.length > 0)
    throw new AggregateError(warnings, `Node printed a warning: ${String(warnings[0])}`);
  return outcomes;
}

async function runSchedule(cluster: StartedRedisCluster, schedule: Schedule): Promise<ScheduleOutcome> {
  let refused = 0;
  for (const next of schedule) {
    try {
      await runStep(cluster, next);
    } catch (error) {
      if (!(error instanceof RedisClusterError) || !EXPECTED_CODES.has(error.code)) throw error;
      refused += 1;
    }
  }
  const reset = await cluster.reset();
  const traces = await findTraces(cluster);
  if (traces.length > 0)
    throw new Error(`Traces after a reset (${reset.way}, ${reset.because}): ${traces.join("; ")}`);
  for (const key of ["a", "b", "c"]) {
    const primary = await cluster.primaryOf(key);
    await primary.client.set(key, "written");
    const replicas = await primary.client.wait(1, 1_000);
    if (replicas < 1) throw new Error(`A write to ${primary.name} did not reach a replica after a reset`);
    await primary.client.del(key);
  }
  return { steps: schedule.length, refused, reset };
}

/** Runs one step. */
async function runStep(cluster: StartedRedisCluster, next: Step): Promise<void> {
  const limit = { timeoutMs: STEP_TIMEOUT_MS };
  switch (next.kind) {
    case "kill":
      await cluster.kill(nameOf(next.node), limit);
      break;
    case "stop":
      await cluster.stopNode(nameOf(next.node), limit);
      break;
    case "pause":
      await cluster.pause(nameOf(next.node), limit);
      break;
    case "resume":
      await cluster.resume(nameOf(next.node), limit);
      break;
    case "restart":
      await cluster.restart(nameOf(next.node), { ...limit, data: next.data });
      break;
    case "partition":
      await cluster.partition([next.nodes.map(nameOf), "rest"], { ...limit, plane: next.plane });
      break;
    case "failover":
      await cluster.failover(nameOf(next.node), { ...limit, mode: next.mode });
      break;
    case "loss":
      await cluster.loss(nameOf(next.node), next.share, limit);
      break;
    case "freeze":
      await cluster.freezeReplication(nameOf(next.node), limit);
      break;
    case "slow":
      await cluster.slowCommands(nameOf(next.node), 20, limit);
      break;
    case "setting":
      await sendTo(cluster, next.node, "CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
      break;
    case "user":
      await sendTo(cluster, next.node, "ACL", "SETUSER", "bob", "on", "nopass", "~*", "+@all");
      break;
    case "write":
      await write(cluster, next.keys);
      break;
    case "wait":
      // The servers act on their own clocks. Their progress before the next step is part of the schedule.
      await new Promise((resolve) => setTimeout(resolve, next.ms));
      break;
    case "heal":
      await cluster.heal(limit);
      break;
  }
}

/** Sends a command to one node. Ignores errors, and does not wait longer than the timeout of a step. */
async function sendTo(
  cluster: StartedRedisCluster,
  index: number,
  ...command: [string, ...string[]]
): Promise<void> {
  const reply = cluster.node(nameOf(index)).client.call(...command);
  const timeout = new Promise((resolve) => setTimeout(resolve, STEP_TIMEOUT_MS));
  await Promise.race([reply.catch(() => {}), timeout]);
}

/** Writes keys. Ignores errors, because the result of a schedule does not depend on these writes. */
async function write(cluster: StartedRedisCluster, keys: number): Promise<void> {
  const client = await cluster.connect(
    { maxRedirections: 1, redisOptions: { commandTimeout: 200 } },
    { timeoutMs: STEP_TIMEOUT_MS },
  );
  try {
    await Promise.allSettled(Array.from({ length: keys }, (_, index) => client.set(`key:${index}`, index)));
  } finally {
    client.disconnect();
  }
}

function nameOf(index: number): string {
  return `node-${index}`;
}
