import type { NodeConnection } from "../clients/node-connection.ts";
import { messageOf, RedisClusterError, summarize } from "../errors.ts";
import type { ClusterNodes } from "../cluster/cluster-nodes.ts";
import { formCluster } from "../formation/form-cluster.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import type { SeedData } from "../seed/dataset.ts";
import { restoreSeed } from "../seed/restore-seed.ts";
import { type Assessment, assessCluster } from "./assess-cluster.ts";
import type { Baseline } from "./baseline.ts";
import { cleanNode, clearLogs, markStatistics } from "./clean-node.ts";
import { findLastingCommands } from "./command-effects.ts";
import { emptyNode } from "./empty-node.ts";
import { type Fingerprint, readFingerprint } from "./fingerprint.ts";
import { STATISTICS_MARK } from "./irreversible-changes.ts";
import {
  describeLateEffects,
  NodesToRecreateError,
  requireNoLateCommands,
  requireNoLateEffects,
  requireNoNodesToRecreate,
} from "./late-effects.ts";
import { rejoinNodes } from "./rejoin-nodes.ts";
import { repair } from "./repair.ts";
import type { ResetReport } from "./reset-report.ts";
import { rewriteFiles } from "./rewrite-files.ts";
import { type RestartNode, runStrategy } from "./run-strategy.ts";
import { verifyPristine } from "./verify-pristine.ts";

/** The result of a reset, and the baseline for the next one. */
export interface ResetOutcome extends Pick<ResetReport, "strategy" | "reason" | "restarted"> {
  readonly baseline: Baseline;
}

/**
 * The timeouts of the strategies, after which the next strategy is tried. Cleaning takes milliseconds, and the other strategies
 * about as long as the start of a container. On two busy cores, a reset after a kill took up to 2.8 seconds. The timeouts are
 * generous, because the next strategy restarts more nodes.
 */
const CLEAN_TIMEOUT_MS = 2_000;
const REJOIN_TIMEOUT_MS = 6_000;
const REPAIR_TIMEOUT_MS = 8_000;
const MAX_REASONS = 5;

/**
 * Reads the fingerprints of all nodes, and resets and marks their statistics, which count the commands called from now on. If the
 * cluster has a seed, the nodes first rewrite their files, as they do after each reset.
 */
export async function takeBaseline(
  plan: ClusterPlan,
  connections: readonly NodeConnection[],
  seed: SeedData | undefined,
  signal: AbortSignal,
): Promise<Baseline> {
  const take = async (): Promise<Baseline> => {
    await Promise.all(connections.map(markStatistics));
    return {
      fingerprints: await Promise.all(connections.map((connection) => readFingerprint(connection, plan))),
    };
  };
  const empty = await take();
  if (seed === undefined) return empty;
  await rewriteFiles(plan, connections, empty, [], signal);
  return { ...(await take()), seed };
}

/**
 * Returns a timeout that includes the time to restore and compare the data of the seed, if there is one. The machine may be
 * busier than at the start.
 */
function withSeedTime(timeoutMs: number, { seed }: Baseline): number {
  return seed === undefined ? timeoutMs : timeoutMs + 10 * seed.restoreMs;
}

/** Restores the roles and slots of the cluster, and returns the names of the restarted nodes. */
type Strategy = (
  assessment: Assessment,
  restart: RestartNode,
  signal: AbortSignal,
) => Promise<readonly string[]>;

/**
 * Restores the baseline of a cluster and verifies it. Uses the strategy that changes the least and is sufficient: commands,
 * otherwise new roles and new processes for some nodes, otherwise new processes for all nodes. When it settles, everything that
 * it has started has ended.
 *
 * @param nodesToRecreate the names of nodes whose process must be replaced for reasons that the nodes do not show, and the
 * reasons.
 * @param findings receives the differences and why strategies failed, for a caller that stops waiting.
 * @throws RedisClusterError RESET_FAILED if all strategies failed.
 * @throws RedisClusterError ENGINE_FAILED, before anything was changed, if the engine does not report the state of a node.
 * @throws the signal's reason.
 */
export async function resetCluster(
  cluster: ClusterNodes,
  before: Baseline,
  nodesToRecreate: ReadonlyMap<string, string>,
  signal: AbortSignal,
  findings: string[] = [],
): Promise<ResetOutcome> {
  let assessment = await assessCluster(cluster, before, nodesToRecreate, "irreversible", signal);
  if (assessment.reasons.length === 0) {
    const { fingerprints } = assessment;
    try {
      const baseline = await runStrategy(
        cluster,
        withSeedTime(CLEAN_TIMEOUT_MS, before),
        signal,
        async (_, ended) => {
          const { calls, failures } = await cleanNodes(cluster, before, fingerprints, ended);
          requireNoNodesToRecreate(failures);
          requireNoLateEffects(await findLateEffects(cluster, before, fingerprints, calls));
          return await verify(cluster, before, ended);
        },
      );
      return { strategy: "cleaned", reason: undefined, restarted: [], baseline };
    } catch (error) {
      if (signal.aborted) throw error;
      findings.push(`cleaning was not enough: ${messageOf(error)}`);
      const allToRecreate = new Map([...nodesToRecreate, ...nodesToRecreateFrom(error)]);
      assessment = await assessCluster(cluster, before, allToRecreate, "cleaned", signal);
    }
  }
  findings.push(...assessment.reasons);
  const strategies: (readonly [name: string, timeoutMs: number, strategy: Strategy])[] = [];
  if (assessment.canRejoin) {
    strategies.push(["rejoining", REJOIN_TIMEOUT_MS, (...args) => rejoinNodes(cluster, before, ...args)]);
  }
  strategies.push(["repairing", REPAIR_TIMEOUT_MS, (...args) => repair(cluster, before, ...args)]);
  for (const [name, timeoutMs, strategy] of strategies) {
    // Both strategies need running nodes. If there are none, rebuilding is faster.
    if (assessment.indexesToRecreate.size === cluster.nodes.length) break;
    try {
      return await runStrategy(cluster, withSeedTime(timeoutMs, before), signal, async (restart, ended) => {
        const restarted = await strategy(assessment, restart, ended);
        requireNoNodesToRecreate(await cleanAfterFormation(cluster, before, restarted, ended));
        const baseline = await verify(cluster, before, ended);
        return { strategy: "repaired", reason: summarize(findings, MAX_REASONS), restarted, baseline };
      });
    } catch (error) {
      if (signal.aborted) throw error;
      findings.unshift(`${name} was not enough: ${messageOf(error)}`);
      assessment = addNodesToRecreate(cluster, assessment, nodesToRecreateFrom(error));
    }
  }
  try {
    return await runStrategy(cluster, undefined, signal, async (restart, ended) => {
      await rebuild(cluster, restart, ended);
      const restarted = cluster.nodes.map(({ plan }) => plan.name);
      // All files are as new as the processes, so a server that cannot rewrite a file does no harm.
      await cleanAfterFormation(cluster, before, restarted, ended);
      const baseline = await verify(cluster, before, ended);
      return { strategy: "rebuilt", reason: summarize(findings, MAX_REASONS), restarted, baseline };
    });
  } catch (error) {
    if (signal.aborted) throw error;
    const engineFailed = error instanceof RedisClusterError && error.code === "ENGINE_FAILED";
    const advice = engineFailed
      ? "Check whether the engine runs, then call reset() again."
      : "Stop the cluster and start a new one.";
    throw new RedisClusterError(
      "RESET_FAILED",
      `Failed to reset the cluster: ${messageOf(error).replace(/\.?$/, ".")} ` +
        `Before that: ${summarize(findings, MAX_REASONS)}. ${advice}`,
      { cause: error, details: { because: findings } },
    );
  }
}

/** Returns the names of the nodes that must be recreated according to an error, and the reasons. */
function nodesToRecreateFrom(error: unknown): ReadonlyMap<string, string> {
  return error instanceof NodesToRecreateError ? error.nodes : new Map();
}

function addNodesToRecreate(
  { nodes }: ClusterNodes,
  assessment: Assessment,
  added: ReadonlyMap<string, string>,
): Assessment {
  const indexes = nodes.flatMap(({ plan }, index) => (added.has(plan.name) ? [index] : []));
  return { ...assessment, indexesToRecreate: new Set([...assessment.indexesToRecreate, ...indexes]) };
}

/** Restarts all nodes as new and forms the cluster. */
async function rebuild(
  { plan, nodes }: ClusterNodes,
  restart: RestartNode,
  signal: AbortSignal,
): Promise<void> {
  const booting = nodes.map((node) => restart(node));
  await Promise.all(booting);
  await formCluster(plan, booting, signal);
}

/** The result of cleaning all nodes. */
interface CleanedNodes {
  /** By node index, the call counts from before the statistics were reset. */
  readonly calls: readonly ReadonlyMap<string, number>[];
  /** The names of the nodes that failed to rewrite files of an earlier use, and the reasons. */
  readonly failures: ReadonlyMap<string, string>;
}

/**
 * Cleans all nodes, restores the data of the seed if there is one, and makes the nodes rewrite the files that their next start
 * loads.
 *
 * @param known by node index, fingerprints that were just read. Missing ones are read here.
 */
async function cleanNodes(
  { plan, nodes }: ClusterNodes,
  before: Baseline,
  known: readonly (Fingerprint | undefined)[],
  signal: AbortSignal,
): Promise<CleanedNodes> {
  const connections = nodes.map(({ connection }) => connection);
  const cleaned = await Promise.all(
    connections.map(async (connection, index) =>
      cleanNode(
        plan,
        connection,
        before.fingerprints[index] as Fingerprint,
        known[index] ?? (await readFingerprint(connection, plan)),
        signal,
        before.seed !== undefined,
      ),
    ),
  );
  if (before.seed !== undefined) {
    // All clients are disconnected now. The verification finds what a client writes after it has reconnected.
    await restoreSeed(plan, connections, before.seed, (connection) => flush(connection, signal), signal);
  }
  const wasFlushed = plan.shards.map(({ primary }) => cleaned[primary]?.wasFlushed === true);
  const { calls, failures } = await rewriteFiles(plan, connections, before, wasFlushed, signal);
  return {
    calls: cleaned.map((result, index) => addCalls(result.calls, calls[index])),
    failures,
  };
}

/** Cleans the nodes of a cluster that was just formed again. Returns the nodes that failed to rewrite a file, and the reasons. */
async function cleanAfterFormation(
  cluster: ClusterNodes,
  before: Baseline,
  restarted: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const { calls, failures } = await cleanNodes(cluster, before, [], signal);
  requireNoLateCommands(
    before.fingerprints.map((fingerprint, index) => ({
      before: fingerprint,
      calls: calls[index] ?? new Map<string, number>(),
      isNewProcess: restarted.includes(fingerprint.node),
    })),
  );
  return failures;
}

/**
 * Adds the call counts of two periods. The count of the mark is the lower of the two, because each period starts with all calls
 * of the mark.
 */
function addCalls(
  first: ReadonlyMap<string, number>,
  second: ReadonlyMap<string, number> = new Map(),
): ReadonlyMap<string, number> {
  // There was no second period. Even if a client resets the statistics, they contain that call.
  if (second.size === 0) return first;
  const sum = new Map(first);
  for (const [name, count] of second) sum.set(name, (first.get(name) ?? 0) + count);
  const marks = [first, second].map((calls) => calls.get(STATISTICS_MARK) ?? 0);
  return sum.set(STATISTICS_MARK, Math.min(...marks));
}

async function flush(connection: NodeConnection, signal: AbortSignal): Promise<void> {
  const [flushed] = await connection.outcomes([["FLUSHALL", "SYNC"]]);
  if (flushed instanceof Error) await emptyNode(connection, signal);
}

/**
 * Returns the nodes on which a client called commands with lasting effects after the assessment, before its connection was
 * closed, and the reasons.
 *
 * @param known by node index, the fingerprints of the assessment.
 * @param calls by node index, the call counts until the cleaning.
 */
async function findLateEffects(
  { plan, nodes }: ClusterNodes,
  { fingerprints }: Baseline,
  known: readonly (Fingerprint | undefined)[],
  calls: readonly ReadonlyMap<string, number>[],
): Promise<ReadonlyMap<string, string>> {
  const late = await Promise.all(
    nodes.map(async ({ connection }, index) => {
      const allCalls = calls[index] ?? new Map<string, number>();
      const newCalls = [...allCalls].filter(([name]) => known[index]?.calls.has(name) !== true);
      const lasting = await findLastingCommands(plan, connection, new Map(newCalls));
      const before = fingerprints[index] as Fingerprint;
      return describeLateEffects({ before, calls: allCalls, isNewProcess: false }, lasting);
    }),
  );
  return new Map(late.flat());
}

/**
 * Verifies the cluster, and returns the baseline for the next reset. Finally clears the logs of all nodes: commands of this reset
 * may have been slow, such as the flush that primaries replicate.
 */
async function verify(
  { plan, nodes }: ClusterNodes,
  before: Baseline,
  signal: AbortSignal,
): Promise<Baseline> {
  const connections = nodes.map(({ connection }) => connection);
  const fingerprints = await verifyPristine(plan, connections, before, signal);
  await Promise.all(
    connections.map((connection, index) => clearLogs(connection, fingerprints[index] as Fingerprint)),
  );
  return { ...before, fingerprints };
}
