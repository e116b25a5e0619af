import type { ServerVersion } from "../view/parse-info.ts";

/** From and to, in milliseconds. */
export interface MsRange {
  readonly minMs: number;
  readonly maxMs: number;
}

/** How long a failover takes by the server's own rules, from the fault to the promotion. */
export interface ExpectedFailover extends MsRange {
  /** What `minMs` and `maxMs` are the sums of. Undefined for a manual failover, where nobody has to be declared dead. */
  readonly parts: ExpectedParts | undefined;
}

/** What the time is made of. */
export interface ExpectedParts {
  /** Until one node after the other misses the primary. */
  readonly suspicion: MsRange;
  /** Until a majority of the primaries has heard that the others miss it too. */
  readonly agreement: MsRange;
  /** What the best replica waits before it asks for votes. */
  readonly delay: MsRange;
  /** Until it asks, and has the votes. */
  readonly election: MsRange;
}

/** Nodes are looked at ten times a second (`clusterCron` in cluster_legacy.c). */
const CRON_MS = 100;
/** A manual failover waits for nothing but messages, and at most for one turn of the cron. */
export const MANUAL_FAILOVER: ExpectedFailover = { minMs: 0, maxMs: 2 * CRON_MS, parts: undefined };

/**
 * How long it should take from a primary's death until the best of its replicas is the new primary, on a machine that
 * is not overloaded. Pure; the rules are those of `clusterCron` and of `clusterHandleSlaveFailover` (in Valkey
 * `clusterHandleReplicaFailover`) in cluster.c, from Redis 7.2 on cluster_legacy.c. Without replicas it never ends.
 *
 * @param options.offsetIsZero whether nothing was ever written to the shard. Default false.
 */
export function expectedFailoverMs(options: {
  readonly nodeTimeoutMs: number;
  readonly server: ServerVersion;
  readonly replicas: number;
  readonly offsetIsZero?: boolean | undefined;
}): ExpectedFailover & { readonly parts: ExpectedParts } {
  const { nodeTimeoutMs, server, replicas, offsetIsZero = false } = options;
  const parts: ExpectedParts = {
    // A node is pinged when its last pong is half a node timeout old, and missed a whole one after the ping.
    suspicion: { minMs: nodeTimeoutMs, maxMs: 1.5 * nodeTimeoutMs + 2 * CRON_MS },
    // Who misses whom is told in the pings, which every node gets once in half a node timeout.
    agreement: { minMs: 0, maxMs: nodeTimeoutMs / 2 + CRON_MS },
    delay: electionDelay(server, nodeTimeoutMs, replicas, offsetIsZero),
    election: { minMs: 0, maxMs: 2 * CRON_MS },
  };
  const all = Object.values<MsRange>({ ...parts });
  if (replicas < 1) return { minMs: Number.POSITIVE_INFINITY, maxMs: Number.POSITIVE_INFINITY, parts };
  return {
    minMs: all.reduce((sum, { minMs }) => sum + minMs, 0),
    maxMs: all.reduce((sum, { maxMs }) => sum + maxMs, 0),
    parts,
  };
}

/** What a replica waits that no sibling and no other shard goes before. */
function electionDelay(
  { server, major, minor }: ServerVersion,
  nodeTimeoutMs: number,
  replicas: number,
  offsetIsZero: boolean,
): MsRange {
  if (server === "redis" || major < 9) return { minMs: 500, maxMs: 1_000 };
  // Valkey 9.0: in proportion to the node timeout, and later where the replica may be too new to know its siblings.
  const fixed = Math.min(Math.floor(nodeTimeoutMs / 30), 500);
  const extra = offsetIsZero ? 500 : 0;
  const waiting = { minMs: fixed + extra, maxMs: 2 * fixed + extra };
  if (major === 9 && minor < 1) return waiting;
  // Valkey 9.1: at once, as soon as all its siblings have said that they miss the primary too.
  if (offsetIsZero) return waiting;
  return { minMs: 0, maxMs: replicas > 1 ? waiting.maxMs : 0 };
}
