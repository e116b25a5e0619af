import type { NodeConnection } from "../clients/node-connection.ts";
import { wallClockMs } from "../clock/real-time.ts";
import { RedisClusterError } from "../errors.ts";
import { parseInfo, type ServerVersion, serverVersion } from "../view/parse-info.ts";
import { acknowledgementOf } from "./acknowledgements.ts";
import type { FailoverSubject } from "./failover.ts";
import { type ProbedShard, probeShards } from "./probe-shards.ts";
import { Recorder, type ShardRecord } from "./recorder.ts";
import { readClock, type ServerClock } from "./server-clock.ts";
import { firstSlot, shardsOf } from "./shards.ts";
import { watchLog } from "./watch-logs.ts";
import { readViews, watchViews } from "./watch-views.ts";
import { withTimeout } from "../timing/deadline.ts";

/** On a cluster with a time scale so many times longer, as all limits here are. */
const BASELINE_LIMIT_MS = 1_000;
const LOG_LIMIT_MS = 5_000;

/** An observation that is under way. */
export interface Observation {
  readonly recorder: Recorder;
  readonly server: ServerVersion;
  /** Resolves when everything that was opened is closed, which the signal begins. */
  readonly ended: Promise<unknown>;
}

/** Learns how things are before the fault, and begins to watch and to write until the signal aborts. */
export async function prepare(subject: FailoverSubject, signal: AbortSignal): Promise<Observation> {
  signal.throwIfAborted();
  const { plan, connections, probe } = subject;
  const limitMs = BASELINE_LIMIT_MS * plan.timeScale;
  const begunAt = wallClockMs();
  const before = await readViews(plan, connections, limitMs, signal);
  const shards = shardsOf(before, plan);
  if (shards.length === 0) {
    throw new RedisClusterError(
      "INVALID_ARGUMENT",
      "Nobody serves any slots, so there is nothing to fail over.",
    );
  }
  const [clocks, processes] = await Promise.all([
    Promise.all(connections.map((connection) => readClock(connection, plan.timeScale, signal))),
    Promise.all(connections.map((connection) => readProcess(connection, limitMs, signal))),
  ]);
  const answering = connections.map(({ node }) => node.name).filter((name) => isAnswering(before, name));
  await Promise.all(
    answering.map((name) => withTimeout(probe.ready(name, signal), limitMs, signal).catch(() => {})),
  );
  // One write each before the fault: Valkey 9 holds back a replica at offset 0.
  await Promise.all(
    shards.map((shard) =>
      withTimeout(probe.write(shard.primary.name, firstSlot(shard)), limitMs, signal).catch(() => {}),
    ),
  );
  signal.throwIfAborted();
  const startedBy = new Map(
    processes.flatMap((each) => (each === undefined ? [] : [[each.node, each.startedBy]])),
  );
  const clockErrorMs = 2 * Math.max(0, ...clocks.map(({ errorMs }) => errorMs));
  const recorder = new Recorder(plan, shards, before, { begunAt, startedBy, clockErrorMs });
  const sinceMs = wallClockMs();
  const logs = connections.map(({ node }, index) => {
    const clock = clocks[index];
    if (clock === undefined) return Promise.resolve();
    return watchLog({
      node: node.name,
      open: (since) => subject.logStream(node.name, since),
      openLimitMs: LOG_LIMIT_MS * plan.timeScale,
      clock,
      sinceMs,
      onLine: (line) => recorder.onLine(line),
      signal,
    });
  });
  const clockOf = new Map(connections.map(({ node }, index) => [node.name, clocks[index]]));
  const probed = recorder.records.map((record) => probedShard(record, clockOf));
  const ended = Promise.all([
    ...logs,
    watchViews(plan, connections, (view, atMs, askedMs) => recorder.onView(view, atMs, askedMs), signal),
    probeShards(probed, (node, slot) => probe.write(node, slot), signal),
  ]);
  const server = processes.find((each) => each !== undefined)?.server ?? serverVersion(new Map());
  return { recorder, server, ended };
}

function isAnswering(before: Recorder["before"], name: string): boolean {
  return before.get(name)?.kind === "answered";
}

/**
 * A healthy shard is written to at its primary only: its replicas would refuse every time. As soon as something seems to
 * be wrong, or its primary refuses, it is written to at all nodes that it had, and at the promoted one.
 */
function probedShard(
  record: ShardRecord,
  clockOf: ReadonlyMap<string, ServerClock | undefined>,
): ProbedShard {
  const { shard } = record;
  let refused = false;
  const troubled = (): boolean =>
    refused || record.troubledAt !== undefined || record.promotion !== undefined;
  return {
    slot: firstSlot(shard),
    troubled,
    targets: () => {
      if (!troubled()) return [shard.primary.name];
      const promoted = record.promotions.map(({ name }) => name);
      return [...new Set([shard.primary.name, ...shard.replicas, ...promoted])];
    },
    onAcknowledged: (node, reply) => {
      record.acknowledgements.push(acknowledgementOf(node, reply, clockOf.get(node)));
    },
    onRefused: () => {
      refused = true;
    },
  };
}

/** What a node reports of its process. */
interface ProcessInfo {
  readonly node: string;
  readonly server: ServerVersion;
  /** By when it was running. */
  readonly startedBy: number;
}

async function readProcess(
  connection: NodeConnection,
  limitMs: number,
  signal: AbortSignal,
): Promise<ProcessInfo | undefined> {
  try {
    const info = parseInfo(await withTimeout(connection.text("INFO", "server"), limitMs, signal));
    // The difference of two times in whole seconds, so it may be almost a second too much.
    const seconds = Math.max(0, Number(info.get("uptime_in_seconds") ?? 0) - 1);
    const startedBy = wallClockMs() - seconds * 1_000;
    return { node: connection.node.name, server: serverVersion(info), startedBy };
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}
