import type { ServerVersion } from "../view/parse-info.ts";

/** A range of times, in milliseconds. */
export interface MsRange {
  /** The shortest time, in milliseconds. */
  readonly minMs: number;
  /** The longest time, in milliseconds. */
  readonly maxMs: number;
}

/** How long a failover takes from the fault to the promotion, by the rules of the server. */
export interface ExpectedFailover extends MsRange {
  /**
   * The parts whose sums are `minMs` and `maxMs`. Undefined for a manual failover, which does not need a primary that was
   * declared failed.
   */
  readonly parts: ExpectedParts | undefined;
  /**
   * The time from the fault until the promoted node executes commands. A server whose cluster_state was `fail` rejects commands
   * until its process is two seconds old, and for one node timeout (at least 500 ms, at most 5 s) after it was in a minority.
   */
  readonly serving: MsRange;
}

/** The parts of the time that a failover takes. */
export interface ExpectedParts {
  /** The time until the nodes suspect the primary, one after another. */
  readonly suspicion: MsRange;
  /** The time until a majority of the primaries has received the reports that the other nodes suspect the primary, too. */
  readonly agreement: MsRange;
  /** The time that the best replica waits before it requests votes. */
  readonly delay: MsRange;
  /** The time until this replica has requested and received the votes. */
  readonly election: MsRange;
}

/** A server checks the other nodes ten times a second (`clusterCron` in cluster_legacy.c). */
const CRON_MS = 100;
/** `CLUSTER_WRITABLE_DELAY` in cluster_legacy.c. It starts with the first `clusterUpdateState`, which `clusterCron` calls. */
const WRITABLE_DELAY_MS = 2_000;
/** `CLUSTER_MIN_REJOIN_DELAY` and `CLUSTER_MAX_REJOIN_DELAY` in cluster_legacy.c. */
const REJOIN_DELAY_MS: MsRange = { minMs: 500, maxMs: 5_000 };
/** A manual failover waits only for messages, and at most until `clusterCron` runs again. */
const MANUAL: MsRange = { minMs: 0, maxMs: 2 * CRON_MS };

/** The conditions under which a promoted node may reject commands. Times are in milliseconds since the fault. */
export interface ServingConditions {
  readonly nodeTimeoutMs: number;
  /** Latest possible start time of the node's process. Undefined if unknown; then the fault may have started the process. */
  readonly latestStartMs: number | undefined;
  /** When the node was last observed in a minority. Undefined if it never was. */
  readonly minorityMs: number | undefined;
}

/**
 * Returns how long a manual failover takes. No node has to be declared failed for it.
 *
 * @param conditions the conditions of the promoted node, or undefined if its cluster_state was always ok.
 */
export function expectedManualFailoverMs(conditions: ServingConditions | undefined): ExpectedFailover {
  const serving = conditions === undefined ? MANUAL : expectedServingMs(MANUAL, conditions);
  return { ...MANUAL, parts: undefined, serving };
}

/**
 * Returns the time from the fault until the promoted node executes commands, by the rules of `clusterUpdateState` in
 * cluster_legacy.c. When `clusterCron` runs, it sets the state of a primary back to ok, but not while the process is young
 * (CLUSTER_WRITABLE_DELAY) and not shortly after the node was in a minority (`rejoin_delay`).
 */
function expectedServingMs(promotion: MsRange, conditions: ServingConditions): MsRange {
  const { nodeTimeoutMs, latestStartMs = 0, minorityMs } = conditions;
  const rejoinMs = Math.min(Math.max(nodeTimeoutMs, REJOIN_DELAY_MS.minMs), REJOIN_DELAY_MS.maxMs);
  const latest = Math.max(
    promotion.maxMs,
    latestStartMs + CRON_MS + WRITABLE_DELAY_MS,
    minorityMs === undefined ? 0 : minorityMs + rejoinMs,
  );
  return { minMs: promotion.minMs, maxMs: latest + CRON_MS };
}

/**
 * Returns how long it takes from the failure of a primary until the best of its replicas is the new primary, on a machine that is
 * not overloaded. The rules are those of `clusterCron` and of `clusterHandleSlaveFailover` (`clusterHandleReplicaFailover` in
 * Valkey). They are in cluster.c, and from Redis 7.2 on in cluster_legacy.c. Without replicas the time is `Infinity`.
 *
 * @param options.nodeTimeoutMs the node timeout, in milliseconds.
 * @param options.replicas the number of replicas of the shard.
 * @param options.offsetIsZero whether nothing was ever written to the shard. @default false
 * @param options.conditions the conditions of the promoted node. By default they are unknown.
 */
export function expectedFailoverMs(options: {
  readonly nodeTimeoutMs: number;
  readonly server: ServerVersion;
  readonly replicas: number;
  readonly offsetIsZero?: boolean | undefined;
  readonly conditions?: Omit<ServingConditions, "nodeTimeoutMs"> | undefined;
}): ExpectedFailover & { readonly parts: ExpectedParts } {
  const { nodeTimeoutMs, server, replicas, offsetIsZero = false } = options;
  const { conditions = { latestStartMs: undefined, minorityMs: undefined } } = options;
  const parts: ExpectedParts = {
    // A node is pinged when its last pong is half a node timeout old. It is suspected one node timeout after that ping.
    suspicion: { minMs: nodeTimeoutMs, maxMs: 1.5 * nodeTimeoutMs + 2 * CRON_MS },
    // Pings report which nodes are suspected. Every node receives one within half a node timeout.
    agreement: { minMs: 0, maxMs: nodeTimeoutMs / 2 + CRON_MS },
    delay: electionDelay(server, nodeTimeoutMs, replicas, offsetIsZero),
    election: { minMs: 0, maxMs: 2 * CRON_MS },
  };
  const ranges = Object.values<MsRange>({ ...parts });
  const never = { minMs: Number.POSITIVE_INFINITY, maxMs: Number.POSITIVE_INFINITY };
  if (replicas < 1) return { ...never, parts, serving: never };
  const promotion = {
    minMs: ranges.reduce((sum, { minMs }) => sum + minMs, 0),
    maxMs: ranges.reduce((sum, { maxMs }) => sum + maxMs, 0),
  };
  return { ...promotion, parts, serving: expectedServingMs(promotion, { nodeTimeoutMs, ...conditions }) };
}

/** Returns how long a replica waits before its election if no replica of the same shard and no other shard goes first. */
function electionDelay(
  { server, major, minor }: ServerVersion,
  nodeTimeoutMs: number,
  replicas: number,
  offsetIsZero: boolean,
): MsRange {
  if (server === "redis" || major < 9) return { minMs: 500, maxMs: 1_000 };
  // Valkey 9.0: proportional to the node timeout, and longer if the replica may be too new to know the other replicas.
  const fixed = Math.min(Math.floor(nodeTimeoutMs / 30), 500);
  const extra = offsetIsZero ? 500 : 0;
  const waiting = { minMs: fixed + extra, maxMs: 2 * fixed + extra };
  if (major === 9 && minor < 1) return waiting;
  // Valkey 9.1: no delay as soon as all replicas of the shard have reported that they also suspect the primary.
  if (offsetIsZero) return waiting;
  return { minMs: 0, maxMs: replicas > 1 ? waiting.maxMs : 0 };
}
