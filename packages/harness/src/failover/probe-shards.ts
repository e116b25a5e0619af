import type { ProbeReply } from "../clients/probe-writer.ts";
import { monotonicMs, pause } from "../clock/real-time.ts";

const INTERVAL_MS = 10;
/** Minimum time between two writes to all healthy shards together. It limits the load in a large cluster. */
const INTERVAL_PER_SHARD_MS = 2;
/**
 * Maximum number of unanswered writes of a shard to one node. A node with more is not sent further writes. The unanswered writes
 * are not cancelled: a paused node may acknowledge them when it is resumed, and these acknowledgements count.
 */
const MAX_UNANSWERED = 6;

/** A shard that is written to. */
export interface ProbedShard {
  readonly slot: number;
  /** Returns the names of the nodes to write to now. */
  readonly targets: () => readonly string[];
  /** Returns whether the shard seems to be unhealthy. Then it is written to at the highest rate. */
  readonly isUnhealthy: () => boolean;
  readonly onAcknowledged: (node: string, reply: ProbeReply) => void;
  /** Is called when a node rejected a write, or when the connection to the node is closed. */
  readonly onRejected: (node: string) => void;
}

/** Writes a key of a slot to a node. Rejects if the node rejects the write. */
export type ProbeWrite = (node: string, slot: number) => Promise<ProbeReply>;

/**
 * Writes to every shard about every 10 ms until the signal aborts. In each interval each node of a shard is sent a write, whether
 * or not the node has answered the previous ones. So a slow or unreachable node does not make the time less exact at which the
 * first acknowledgement of another node is observed.
 */
export async function probeShards(
  shards: readonly ProbedShard[],
  write: ProbeWrite,
  signal: AbortSignal,
): Promise<void> {
  const healthyIntervalMs = Math.max(INTERVAL_MS, INTERVAL_PER_SHARD_MS * shards.length);
  await Promise.all(
    shards.map(async (shard) => {
      const writes = new Map<string, { unanswered: number; lastSentMs: number }>();
      while (!signal.aborted) {
        const intervalMs = shard.isUnhealthy() ? INTERVAL_MS : healthyIntervalMs;
        for (const node of shard.targets()) {
          const state = writes.get(node) ?? { unanswered: 0, lastSentMs: Number.NEGATIVE_INFINITY };
          writes.set(node, state);
          if (state.unanswered >= MAX_UNANSWERED) continue;
          if (monotonicMs() - state.lastSentMs < intervalMs - 1) continue;
          state.lastSentMs = monotonicMs();
          state.unanswered += 1;
          void writeOnce(shard, node, write, signal).finally(() => {
            state.unanswered -= 1;
          });
        }
        await pause(INTERVAL_MS, signal);
      }
    }),
  );
}

async function writeOnce(
  shard: ProbedShard,
  node: string,
  write: ProbeWrite,
  signal: AbortSignal,
): Promise<void> {
  try {
    const reply = await write(node, shard.slot);
    if (!signal.aborted) shard.onAcknowledged(node, reply);
  } catch {
    if (!signal.aborted) shard.onRejected(node);
  }
}
