import type { NodeConnection } from "../clients/node-connection.ts";
import { wallClockMs } from "../clock/real-time.ts";
import { RedisClusterError } from "../errors.ts";
import { withTimeout } from "../timing/deadline.ts";
import { parseInfo, type ServerVersion, serverVersion } from "../view/parse-info.ts";
import { toAcknowledgement } from "./acknowledgements.ts";
import type { ObservedCluster } from "./observed-cluster.ts";
import { type ProbedShard, probeShards } from "./probe-shards.ts";
import { Recorder, type ShardRecord } from "./recorder.ts";
import { readClock, type ServerClock } from "./server-clock.ts";
import { findShards, firstSlot } from "./shards.ts";
import { watchLog } from "./watch-logs.ts";
import { readAllViews, watchViews } from "./watch-views.ts";

// Timeouts of an observation are multiplied by the time scale of the cluster.
const ANSWER_TIMEOUT_MS = 1_000;
const OPEN_LOG_TIMEOUT_MS = 5_000;

/** An observation in progress. */
export interface Observation {
  readonly recorder: Recorder;
  readonly server: ServerVersion;
  /** Resolves when the signal has aborted and everything that the observation opened is closed. */
  readonly ended: Promise<unknown>;
}

/** Reads the state before the fault, and starts to watch and to write. Watching and writing end when the signal aborts. */
export async function startObservation(cluster: ObservedCluster, signal: AbortSignal): Promise<Observation> {
  signal.throwIfAborted();
  const { plan, connections, probe } = cluster;
  const timeoutMs = ANSWER_TIMEOUT_MS * plan.timeScale;
  const startedAt = wallClockMs();
  const viewsBefore = await readAllViews(plan, connections, timeoutMs, signal);
  const shards = findShards(viewsBefore, plan);
  if (shards.length === 0) {
    throw new RedisClusterError(
      "INVALID_ARGUMENT",
      "Observing a failover: no node owns slots, so no shard can fail over. Wait until the cluster is healthy first.",
    );
  }
  const [clocks, processes] = await Promise.all([
    Promise.all(connections.map((connection) => readClock(connection, plan.timeScale, signal))),
    Promise.all(connections.map((connection) => readProcessInfo(connection, timeoutMs, signal))),
  ]);
  const answering = connections
    .map(({ node }) => node.name)
    .filter((name) => viewsBefore.get(name)?.kind === "answered");
  await Promise.all(
    answering.map((name) => withTimeout(probe.ready(name, signal), timeoutMs, signal).catch(() => {})),
  );
  // Write to each shard once before the fault, because Valkey 9 delays the election of a replica at offset 0.
  await Promise.all(
    shards.map((shard) =>
      withTimeout(probe.write(shard.primary.name, firstSlot(shard)), timeoutMs, signal).catch(() => {}),
    ),
  );
  signal.throwIfAborted();
  const latestStarts = new Map(
    processes.flatMap((process) => (process === undefined ? [] : [[process.node, process.latestStartMs]])),
  );
  const clockErrorMs = 2 * Math.max(0, ...clocks.map(({ errorMs }) => errorMs));
  const recorder = new Recorder(plan, shards, viewsBefore, { startedAt, latestStarts, clockErrorMs });
  const sinceMs = wallClockMs();
  const logs = connections.map(({ node }, index) => {
    const clock = clocks[index];
    if (clock === undefined) return Promise.resolve();
    return watchLog({
      node: node.name,
      open: (sinceEpochSeconds) => cluster.logStream(node.name, sinceEpochSeconds),
      openTimeoutMs: OPEN_LOG_TIMEOUT_MS * plan.timeScale,
      clock,
      sinceMs,
      onLine: (line) => recorder.onLogLine(line),
      signal,
    });
  });
  const clocksByNode = new Map(connections.map(({ node }, index) => [node.name, clocks[index]]));
  const probedShards = recorder.records.map((record) => createProbedShard(record, clocksByNode));
  const ended = Promise.all([
    ...logs,
    watchViews(
      plan,
      connections,
      (view, atMs, requestedMs) => recorder.onView(view, atMs, requestedMs),
      signal,
    ),
    probeShards(probedShards, (node, slot) => probe.write(node, slot), signal),
  ]);
  const server = processes.find((process) => process !== undefined)?.server ?? serverVersion(new Map());
  return { recorder, server, ended };
}

/**
 * Creates a shard to write to. A healthy shard is written to only at its primary, because its replicas would reject every write.
 * As soon as the shard seems to be unhealthy, or its primary rejects a write, all its nodes and the promoted nodes are written
 * to.
 */
function createProbedShard(
  record: ShardRecord,
  clocksByNode: ReadonlyMap<string, ServerClock | undefined>,
): ProbedShard {
  const { shard } = record;
  let wasRejected = false;
  const isUnhealthy = (): boolean =>
    wasRejected || record.unhealthyAt !== undefined || record.promotion !== undefined;
  return {
    slot: firstSlot(shard),
    isUnhealthy,
    targets: () => {
      if (!isUnhealthy()) return [shard.primary.name];
      const promoted = record.promotions.map(({ name }) => name);
      return [...new Set([shard.primary.name, ...shard.replicas, ...promoted])];
    },
    onAcknowledged: (node, reply) => {
      record.acknowledgements.push(toAcknowledgement(node, reply, clocksByNode.get(node)));
    },
    onRejected: () => {
      wasRejected = true;
    },
  };
}

/** The information that a node reports about its process. */
interface ProcessInfo {
  readonly node: string;
  readonly server: ServerVersion;
  /** Latest possible start time of the process, in milliseconds since the epoch. */
  readonly latestStartMs: number;
}

async function readProcessInfo(
  connection: NodeConnection,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<ProcessInfo | undefined> {
  try {
    const info = parseInfo(await withTimeout(connection.text("INFO", "server"), timeoutMs, signal));
    // The uptime is the difference of two times in whole seconds, so it may be almost one second too long.
    const seconds = Math.max(0, Number(info.get("uptime_in_seconds") ?? 0) - 1);
    const latestStartMs = wallClockMs() - seconds * 1_000;
    return { node: connection.node.name, server: serverVersion(info), latestStartMs };
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}
