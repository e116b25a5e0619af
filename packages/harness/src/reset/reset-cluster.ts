import type { NodeConnection } from "../clients/node-connection.ts";
import { messageOf, RedisClusterError, summarize } from "../errors.ts";
import type { ClusterNodes } from "../cluster/cluster-nodes.ts";
import { formCluster } from "../formation/form-cluster.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import { runStrategy, type RestartNode } from "./run-strategy.ts";
import type { Baseline } from "./baseline.ts";
import { rejoinNodes } from "./rejoin-nodes.ts";
import { cleanNode, clearLogs, markStatistics } from "./clean-node.ts";
import { findLastingCommands } from "./command-effects.ts";
import { type Fingerprint, readFingerprint } from "./fingerprint.ts";
import { type Assessment, assessCluster } from "./assess-cluster.ts";
import {
  describeLateEffects,
  NodesToRecreateError,
  requireNoNodesToRecreate,
  requireNoLateCommands,
  requireNoLateEffects,
} from "./late-effects.ts";
import { repair } from "./repair.ts";
import type { SeedData } from "../seed/dataset.ts";
import { returnToSeed } from "../seed/return-to-seed.ts";
import { emptyNode } from "./empty-node.ts";
import { rewriteFiles } from "./rewrite-files.ts";
import { verifyPristine } from "./verify-pristine.ts";
import { STATISTICS_MARK } from "./irreversible-changes.ts";

/** What a reset did. */
export interface ResetReport {
  /**
   * `cleaned`: nothing was broken, and commands took everything back. `mended`: roles and slots were given anew, and
   * the nodes in `restarted` started anew. `rebuilt`: every node was started anew, and the cluster formed as at its
   * start.
   */
  readonly way: "cleaned" | "mended" | "rebuilt";
  /**
   * What was found that cleaning alone could not take back, the first five things, in words; also why a lesser way was
   * not enough. Undefined where the way is `cleaned`.
   */
  readonly because: string | undefined;
  /** Names of the nodes whose process was replaced. */
  readonly restarted: readonly string[];
  /** From the call to the new client, in milliseconds. */
  readonly tookMs: number;
}

/** What of a report this room knows, and the state to compare with next time. */
export interface ResetOutcome extends Omit<ResetReport, "tookMs"> {
  readonly baseline: Baseline;
}

/**
 * Cleaning takes milliseconds, and the other ways about as long as a container's start: after these times the next way is
 * tried. On two busy cores a reset after a kill took up to 2.8 seconds, and the next way restarts more nodes.
 */
const CLEAN_LIMIT_MS = 2_000;
const REJOIN_LIMIT_MS = 6_000;
const MEND_LIMIT_MS = 8_000;
const MOST_REASONS = 5;

/**
 * Asks every node for its fingerprint, and starts the count of what is called from now on. The files of a cluster with a
 * seed are as each reset leaves them.
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

/** Of a cluster with a seed each way has also the time to restore and compare its data, on a machine that may be busier. */
function limitOf(limitMs: number, { seed }: Baseline): number {
  return seed === undefined ? limitMs : limitMs + 10 * seed.restoreMs;
}

/** Restores the cluster and returns the names of the nodes that were restarted. */
type Way = (found: Assessment, restart: RestartNode, signal: AbortSignal) => Promise<readonly string[]>;

/**
 * Puts a cluster back to its baseline and proves it, by the least that is enough: commands, else new roles with the
 * processes that can be kept, else new processes everywhere. When it settles, nothing that it has begun is under way.
 *
 * @param nodesToRecreate nodes whose process cannot be kept, and why.
 * @param because is filled with what is found and why a way was not enough, for a caller that stops waiting.
 * @throws RedisClusterError RESET_FAILED; ENGINE_FAILED before anything was done; or the signal's reason.
 */
export async function resetCluster(
  cluster: ClusterNodes,
  before: Baseline,
  nodesToRecreate: ReadonlyMap<string, string>,
  signal: AbortSignal,
  because: string[] = [],
): Promise<ResetOutcome> {
  let found = await assessCluster(cluster, before, nodesToRecreate, "lasting", signal);
  if (found.reasons.length === 0) {
    try {
      const baseline = await runStrategy(
        cluster,
        limitOf(CLEAN_LIMIT_MS, before),
        signal,
        async (_, limited) => {
          const { calls, unable } = await clean(cluster, before, found.now, limited);
          requireNoNodesToRecreate(unable);
          requireNoLateEffects(await lateEffects(cluster, before, found.now, calls));
          return await proven(cluster, before, limited);
        },
      );
      return { way: "cleaned", because: undefined, restarted: [], baseline };
    } catch (error) {
      if (signal.aborted) throw error;
      because.push(`cleaning was not enough: ${messageOf(error)}`);
      found = await assessCluster(
        cluster,
        before,
        new Map([...nodesToRecreate, ...nodesNotKept(error)]),
        "uncounted",
        signal,
      );
    }
  }
  because.push(...found.reasons);
  const ways: (readonly [name: string, limitMs: number, way: Way])[] = [];
  if (found.canRejoin) {
    ways.push(["bringing back", REJOIN_LIMIT_MS, (...args) => rejoinNodes(cluster, before, ...args)]);
  }
  ways.push(["mending", MEND_LIMIT_MS, (...args) => repair(cluster, before, ...args)]);
  for (const [name, limitMs, way] of ways) {
    // Both build on the nodes that stay; if there are none, the way of a start is shorter.
    if (found.lost.size === cluster.nodes.length) break;
    try {
      return await runStrategy(cluster, limitOf(limitMs, before), signal, async (restart, limited) => {
        const restarted = await way(found, restart, limited);
        requireNoNodesToRecreate(await cleanFormed(cluster, before, restarted, limited));
        const baseline = await proven(cluster, before, limited);
        return { way: "mended", because: summarize(because, MOST_REASONS), restarted, baseline };
      });
    } catch (error) {
      if (signal.aborted) throw error;
      because.unshift(`${name} was not enough: ${messageOf(error)}`);
      found = withLost(cluster, found, nodesNotKept(error));
    }
  }
  try {
    return await runStrategy(cluster, undefined, signal, async (restart, limited) => {
      await rebuild(cluster, restart, limited);
      const restarted = cluster.nodes.map(({ plan }) => plan.name);
      // No file is older than the new processes, so it does no harm if a server cannot rewrite one.
      await cleanFormed(cluster, before, restarted, limited);
      const baseline = await proven(cluster, before, limited);
      return { way: "rebuilt", because: summarize(because, MOST_REASONS), restarted, baseline };
    });
  } catch (error) {
    if (signal.aborted) throw error;
    const engineFailed = error instanceof RedisClusterError && error.code === "ENGINE_FAILED";
    const advice = engineFailed ? "See whether the engine runs" : "Stop it and start another one";
    throw new RedisClusterError(
      "RESET_FAILED",
      `The cluster could not be put back to what it was at its start: ${messageOf(error)} ` +
        `Before that: ${summarize(because, MOST_REASONS)}. ${advice}.`,
      { cause: error, details: { because } },
    );
  }
}

/** The nodes that an error says cannot be kept, and why. */
function nodesNotKept(error: unknown): ReadonlyMap<string, string> {
  return error instanceof NodesToRecreateError ? error.nodes : new Map();
}

function withLost({ nodes }: ClusterNodes, found: Assessment, late: ReadonlyMap<string, string>): Assessment {
  const indexes = nodes.flatMap(({ plan }, index) => (late.has(plan.name) ? [index] : []));
  return { ...found, lost: new Set([...found.lost, ...indexes]) };
}

async function rebuild(
  { plan, nodes }: ClusterNodes,
  restart: RestartNode,
  signal: AbortSignal,
): Promise<void> {
  const booting = nodes.map((member) => restart(member));
  await Promise.all(booting);
  await formCluster(plan, booting, signal);
}

/** What cleaning all nodes has shown. */
interface CleanedNodes {
  /** By node index: what had been called before the statistics were reset. */
  readonly calls: readonly ReadonlyMap<string, number>[];
  /** Nodes with files of an earlier use that they could not rewrite, and why. */
  readonly unable: ReadonlyMap<string, string>;
}

/**
 * Cleans every node, gives the primaries the data of the seed if there is one, and has the nodes rewrite the files that
 * their next start loads.
 *
 * @param known fingerprints that were just read, by node index; those of the other nodes are read here.
 */
async function clean(
  { plan, nodes }: ClusterNodes,
  before: Baseline,
  known: readonly (Fingerprint | undefined)[],
  signal: AbortSignal,
): Promise<CleanedNodes> {
  const connections = nodes.map(({ connection }) => connection);
  const cleaned = await Promise.all(
    nodes.map(async ({ connection }, index) => {
      const then = before.fingerprints[index] as Fingerprint;
      return await cleanNode(
        plan,
        connection,
        then,
        known[index] ?? (await readFingerprint(connection, plan)),
        signal,
        before.seed !== undefined,
      );
    }),
  );
  if (before.seed !== undefined) {
    // After every client is gone: what one of them writes later is found by the proof.
    await returnToSeed(plan, connections, before.seed, (each) => flush(each, signal), signal);
  }
  const flushed = plan.shards.map(({ primary }) => cleaned[primary]?.flushed === true);
  const { calls, unable } = await rewriteFiles(plan, connections, before, flushed, signal);
  return {
    calls: cleaned.map((each, index) => allCalls(each.calls, calls[index])),
    unable,
  };
}

/** Cleans the nodes of a cluster that was just formed again. Returns the nodes that could not rewrite a file, and why. */
async function cleanFormed(
  cluster: ClusterNodes,
  before: Baseline,
  restarted: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const { calls, unable } = await clean(cluster, before, [], signal);
  requireNoLateCommands(
    before.fingerprints.map((each, index) => ({
      before: each,
      calls: calls[index] ?? new Map<string, number>(),
      isNew: restarted.includes(each.node),
    })),
  );
  return unable;
}

/** The calls of two counts, one after the other; of the mark the lower number, because each count begins with all marks. */
function allCalls(
  first: ReadonlyMap<string, number>,
  second: ReadonlyMap<string, number> = new Map(),
): ReadonlyMap<string, number> {
  // Nothing was counted again: even a client that resets the statistics leaves that call in them.
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
 * Returns the nodes that a client told something with lasting effects after they were looked at and before its connection
 * was closed, and what that was.
 */
async function lateEffects(
  { plan, nodes }: ClusterNodes,
  { fingerprints }: Baseline,
  known: readonly (Fingerprint | undefined)[],
  calls: readonly ReadonlyMap<string, number>[],
): Promise<ReadonlyMap<string, string>> {
  const late = await Promise.all(
    nodes.map(async ({ connection }, index) => {
      const called = calls[index] ?? new Map<string, number>();
      const later = [...called].filter(([name]) => known[index]?.calls.has(name) !== true);
      const lasting = await findLastingCommands(plan, connection, new Map(later));
      return describeLateEffects(
        { before: fingerprints[index] as Fingerprint, calls: called, isNew: false },
        lasting,
      );
    }),
  );
  return new Map(late.flat());
}

async function proven(
  { plan, nodes }: ClusterNodes,
  before: Baseline,
  signal: AbortSignal,
): Promise<Baseline> {
  const connections = nodes.map(({ connection }) => connection);
  const fingerprints = await verifyPristine(plan, connections, before, signal);
  if (before.seed !== undefined) {
    await Promise.all(
      connections.map((connection, index) => clearLogs(connection, fingerprints[index] as Fingerprint)),
    );
  }
  return { ...before, fingerprints };
}
