import fc from "fast-check";
import {
  RedisClusterError,
  type ResetReport,
  type StartedRedisCluster,
  startRedisCluster,
} from "testcontainers-redis-cluster";
import { findTraces } from "../support/pristine.ts";

// Faults in any order, each schedule ending in a reset: whatever was broken, the cluster is what it was at its start.

/** One thing that is done to the cluster. Nodes are numbers, so that a schedule reads the same whatever their roles. */
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
/** What a step may take: many wait for what an earlier one has made impossible. */
const STEP_MS = 1_500;
/** What a step may say where an earlier one is in its way. */
const IN_THE_WAY: ReadonlySet<string> = new Set([
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

/** Schedules that failed once. They run before the random ones. */
const REGRESSIONS: readonly Schedule[] = [
  // Several faults that could not be healed at once were an error without a code.
  [
    { kind: "kill", node: 2 },
    { kind: "partition", nodes: [3], plane: "all" },
    { kind: "kill", node: 1 },
    { kind: "heal" },
  ],
  // A frozen process does not hear SIGTERM, and the reset waited for it.
  [
    { kind: "pause", node: 0 },
    { kind: "stop", node: 0 },
    { kind: "write", keys: 10 },
  ],
];

/** What became of one schedule. */
export interface ScheduleOutcome {
  readonly steps: number;
  /** Steps that could not be done because of earlier ones. */
  readonly refused: number;
  readonly reset: ResetReport;
}

/**
 * Runs so many random schedules on one cluster after the other's reset; a failing one is made as short as it can be.
 * Gives what became of each, or throws with the seed and the shortest schedule that fails.
 */
export async function runSchedules(options: {
  readonly count: number;
  readonly seed: number;
  /** Whether a failing schedule is made shorter, which takes as many more runs; else it is thrown as it is. */
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
          console.error(`a schedule failed: ${JSON.stringify(schedule)}\n${String(error)}`);
          // Whoever tries a shorter schedule is not to inherit this one's cluster.
          const spoilt = cluster;
          cluster = undefined;
          await spoilt.stop();
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
  if (warnings.length > 0) throw new AggregateError(warnings, `Node warned: ${String(warnings[0])}`);
  return outcomes;
}

async function runSchedule(cluster: StartedRedisCluster, schedule: Schedule): Promise<ScheduleOutcome> {
  let refused = 0;
  for (const each of schedule) {
    try {
      await take(cluster, each);
    } catch (error) {
      if (!(error instanceof RedisClusterError) || !IN_THE_WAY.has(error.code)) throw error;
      refused += 1;
    }
  }
  const reset = await cluster.reset();
  const traces = await findTraces(cluster);
  if (traces.length > 0)
    throw new Error(`after a reset (${reset.way}, ${reset.because}): ${traces.join("; ")}`);
  for (const key of ["a", "b", "c"]) {
    const primary = await cluster.primaryOf(key);
    await primary.client.set(key, "written");
    const replicas = await primary.client.wait(1, 1_000);
    if (replicas < 1) throw new Error(`a write to ${primary.name} reached no replica after a reset`);
    await primary.client.del(key);
  }
  return { steps: schedule.length, refused, reset };
}

async function take(cluster: StartedRedisCluster, each: Step): Promise<void> {
  const limit = { timeoutMs: STEP_MS };
  switch (each.kind) {
    case "kill":
      await cluster.kill(nameOf(each.node), limit);
      break;
    case "stop":
      await cluster.stopNode(nameOf(each.node), limit);
      break;
    case "pause":
      await cluster.pause(nameOf(each.node), limit);
      break;
    case "resume":
      await cluster.resume(nameOf(each.node), limit);
      break;
    case "restart":
      await cluster.restart(nameOf(each.node), { ...limit, data: each.data });
      break;
    case "partition":
      await cluster.partition([each.nodes.map(nameOf), "rest"], { ...limit, plane: each.plane });
      break;
    case "failover":
      await cluster.failover(nameOf(each.node), { ...limit, mode: each.mode });
      break;
    case "loss":
      await cluster.loss(nameOf(each.node), each.share, limit);
      break;
    case "freeze":
      await cluster.freezeReplication(nameOf(each.node), limit);
      break;
    case "slow":
      await cluster.slowCommands(nameOf(each.node), 20, limit);
      break;
    case "setting":
      await tell(cluster, each.node, "CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
      break;
    case "user":
      await tell(cluster, each.node, "ACL", "SETUSER", "bob", "on", "nopass", "~*", "+@all");
      break;
    case "write":
      await write(cluster, each.keys);
      break;
    case "wait":
      // The servers act by their own clocks; how far they come before the next step is part of the schedule.
      await new Promise((resolve) => setTimeout(resolve, each.ms));
      break;
    case "heal":
      await cluster.heal(limit);
      break;
  }
}

/** Says something to one node, as far as it listens. */
async function tell(
  cluster: StartedRedisCluster,
  index: number,
  ...command: [string, ...string[]]
): Promise<void> {
  const said = cluster.node(nameOf(index)).client.call(...command);
  const silence = new Promise((resolve) => setTimeout(resolve, STEP_MS));
  await Promise.race([said.catch(() => {}), silence]);
}

/** As far as the cluster takes writes: nothing depends on their success. */
async function write(cluster: StartedRedisCluster, keys: number): Promise<void> {
  const client = await cluster.connect(
    { maxRedirections: 1, redisOptions: { commandTimeout: 200 } },
    { timeoutMs: STEP_MS },
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
