import { RedisClusterError } from "../errors.ts";
import { parseInfo, type ServerVersion, serverVersion } from "../view/parse-info.ts";
import type { FailoverSubject } from "./failover.ts";
import { probeShards } from "./probe-shards.ts";
import { Recorder } from "./recorder.ts";
import { readClock } from "./server-clock.ts";
import { firstSlot, shardsOf } from "./shards.ts";
import { watchLog } from "./watch-logs.ts";
import { readViews, watchViews } from "./watch-views.ts";
import { within } from "./within.ts";
import { wallClockMs } from "../clock/real-time.ts";

const BASELINE_LIMIT_MS = 1_000;

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
  const { plan, connections } = subject;
  const before = await readViews(plan, connections, BASELINE_LIMIT_MS, signal);
  const shards = shardsOf(before, plan);
  if (shards.length === 0) {
    throw new RedisClusterError(
      "INVALID_ARGUMENT",
      "Nobody serves any slots, so there is nothing to fail over.",
    );
  }
  const clocks = await Promise.all(connections.map((connection) => readClock(connection, signal)));
  const server = await serverOf(subject, signal);
  // One write each before the fault: the client is connected then, and Valkey 9 holds back a replica at offset 0.
  await Promise.all(
    shards.map((shard) =>
      within(subject.probeWrite(firstSlot(shard), signal), BASELINE_LIMIT_MS, signal).catch(() => {}),
    ),
  );
  signal.throwIfAborted();
  const recorder = new Recorder(plan, shards, before);
  const sinceMs = wallClockMs();
  const logs = connections.map(({ node }, index) => {
    const clock = clocks[index];
    if (clock === undefined) return Promise.resolve();
    return watchLog({
      node: node.name,
      open: (since) => subject.logStream(node.name, since),
      clock,
      sinceMs,
      onLine: (line) => recorder.onLine(line),
      signal,
    });
  });
  const probed = recorder.records.map((record) => ({
    slot: firstSlot(record.shard),
    troubled: () => record.wasTroubled,
    onWritten: (ackedMs: number) => record.writtenAt.push(ackedMs),
  }));
  const ended = Promise.all([
    ...logs,
    watchViews(plan, connections, (view, atMs) => recorder.onView(view, atMs), signal),
    probeShards(probed, (slot, each) => subject.probeWrite(slot, each), signal),
  ]);
  return { recorder, server, ended };
}

async function serverOf({ connections }: FailoverSubject, signal: AbortSignal): Promise<ServerVersion> {
  for (const connection of connections) {
    const info = await within(connection.text("INFO", "server"), BASELINE_LIMIT_MS, signal).catch(
      () => undefined,
    );
    signal.throwIfAborted();
    if (info !== undefined) return serverVersion(parseInfo(info));
  }
  return serverVersion(new Map());
}
