import type { ProbeReply } from "../clients/probe-writer.ts";
import { monotonicMs, pause } from "../clock/real-time.ts";

const EVERY_MS = 10;
/** The healthy shards of a large cluster together are written to at most every so many milliseconds. */
const SHARE_MS = 2;
/**
 * How many writes to a shard a node may leave unanswered before it is sent no more. They are not given up: a frozen node
 * may acknowledge them when it is resumed, and that is an acknowledgement like any other.
 */
const MOST_UNANSWERED = 6;

/** A shard that is written to. */
export interface ProbedShard {
  readonly slot: number;
  /** Names of the nodes to write to at this moment. */
  readonly targets: () => readonly string[];
  /** True as soon as something seems to be wrong with the shard: then it is written to at the full pace. */
  readonly troubled: () => boolean;
  readonly onAcknowledged: (node: string, reply: ProbeReply) => void;
  /** A node refused a write, or the connection to it is closed. */
  readonly onRefused: (node: string) => void;
}

/** Writes a key of a slot to a node, and rejects if the node refuses. */
export type ProbeWrite = (node: string, slot: number) => Promise<ProbeReply>;

/**
 * Writes to every shard about every 10 ms until the signal aborts. At every beat each of a shard's nodes is sent a write,
 * whether or not the last ones have been answered, so that a node that is slow or away does not set how exactly the
 * first acknowledgement of another one is seen.
 */
export async function probeShards(
  shards: readonly ProbedShard[],
  write: ProbeWrite,
  signal: AbortSignal,
): Promise<void> {
  const healthyMs = Math.max(EVERY_MS, SHARE_MS * shards.length);
  await Promise.all(
    shards.map(async (shard) => {
      const lanes = new Map<string, { unanswered: number; lastSentMs: number }>();
      while (!signal.aborted) {
        const everyMs = shard.troubled() ? EVERY_MS : healthyMs;
        for (const node of shard.targets()) {
          const lane = lanes.get(node) ?? { unanswered: 0, lastSentMs: Number.NEGATIVE_INFINITY };
          lanes.set(node, lane);
          if (lane.unanswered >= MOST_UNANSWERED || monotonicMs() - lane.lastSentMs < everyMs - 1) continue;
          lane.lastSentMs = monotonicMs();
          lane.unanswered += 1;
          void writeOnce(shard, node, write, signal).finally(() => {
            lane.unanswered -= 1;
          });
        }
        await pause(EVERY_MS, signal);
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
    if (!signal.aborted) shard.onRefused(node);
  }
}
