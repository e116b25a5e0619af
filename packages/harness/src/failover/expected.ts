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
  /**
   * How long it takes from the fault until the promoted node executes commands. A server whose cluster_state was `fail`
   * refuses commands until its process is two seconds old, and for one node timeout (at least 500 ms, at most 5 s) after it
   * was in a minority.
   */
  readonly serving: MsRange;
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
/** `CLUSTER_WRITABLE_DELAY` in cluster_legacy.c: counted from the first call of `clusterUpdateState`, which a cron makes. */
const WRITABLE_DELAY_MS = 2_000;
/** `CLUSTER_MIN_REJOIN_DELAY` and `CLUSTER_MAX_REJOIN_DELAY` in cluster_legacy.c. */
const REJOIN_DELAY_MS: MsRange = { minMs: 500, maxMs: 5_000 };
/** A manual failover waits for nothing but messages, and at most for one turn of the cron. */
const MANUAL: MsRange = { minMs: 0, maxMs: 2 * CRON_MS };

/** What may keep a promoted node from executing commands; moments in milliseconds since the fault. */
export interface ServingConditions {
  readonly nodeTimeoutMs: number;
  /** By when its process was running; undefined if unknown: then it may have been started by the fault itself. */
  readonly startedByMs: number | undefined;
  /** When it was last seen in a minority; undefined if never. */
  readonly minorityMs: number | undefined;
}

/** A manual failover: no node has to be declared dead. @param conditions only if its cluster_state was not ok. */
export function expectedManualMs(conditions: ServingConditions | undefined): ExpectedFailover {
  const serving = conditions === undefined ? MANUAL : servingMs(MANUAL, conditions);
  return { ...MANUAL, parts: undefined, serving };
}

/**
 * From the fault until the promoted node executes commands, by `clusterUpdateState` in cluster_legacy.c: it sets the
 * state of a primary back to ok in a turn of the cron, but not while the process is young (CLUSTER_WRITABLE_DELAY), nor
 * soon after a minority (`rejoin_delay`).
 */
function servingMs(promotion: MsRange, conditions: ServingConditions): MsRange {
  const { nodeTimeoutMs, startedByMs = 0, minorityMs } = conditions;
  const rejoinMs = Math.min(Math.max(nodeTimeoutMs, REJOIN_DELAY_MS.minMs), REJOIN_DELAY_MS.maxMs);
  const latest = Math.max(
    promotion.maxMs,
    startedByMs + CRON_MS + WRITABLE_DELAY_MS,
    minorityMs === undefined ? 0 : minorityMs + rejoinMs,
  );
  return { minMs: promotion.minMs, maxMs: latest + CRON_MS };
}

/**
 * How long it should take from a primary's death until the best of its replicas is the new primary, on a machine that
 * is not overloaded. Pure; the rules are those of `clusterCron` and of `clusterHandleSlaveFailover` (in Valkey
 * `clusterHandleReplicaFailover`) in cluster.c, from Redis 7.2 on cluster_legacy.c. Without replicas it never ends.
 *
 * @param options.offsetIsZero whether nothing was ever written to the shard. Default false.
 * @param options.conditions of the node that is promoted. Default: nothing is known of it.
 */
export function expectedFailoverMs(options: {
  readonly nodeTimeoutMs: number;
  readonly server: ServerVersion;
  readonly replicas: number;
  readonly offsetIsZero?: boolean | undefined;
  readonly conditions?: Omit<ServingConditions, "nodeTimeoutMs"> | undefined;
}): ExpectedFailover & { readonly parts: ExpectedParts } {
  const { nodeTimeoutMs, server, replicas, offsetIsZero = false } = options;
  const { conditions = { startedByMs: undefined, minorityMs: undefined } } = options;
  const parts: ExpectedParts = {
    // A node is pinged when its last pong is half a node timeout old, and missed a whole one after the ping.
    suspicion: { minMs: nodeTimeoutMs, maxMs: 1.5 * nodeTimeoutMs + 2 * CRON_MS },
    // Who misses whom is told in the pings, which every node gets once in half a node timeout.
    agreement: { minMs: 0, maxMs: nodeTimeoutMs / 2 + CRON_MS },
    delay: electionDelay(server, nodeTimeoutMs, replicas, offsetIsZero),
    election: { minMs: 0, maxMs: 2 * CRON_MS },
  };
  const all = Object.values<MsRange>({ ...parts });
  const never = { minMs: Number.POSITIVE_INFINITY, maxMs: Number.POSITIVE_INFINITY };
  if (replicas < 1) return { ...never, parts, serving: never };
  const promotion = {
    minMs: all.reduce((sum, { minMs }) => sum + minMs, 0),
    maxMs: all.reduce((sum, { maxMs }) => sum + maxMs, 0),
  };
  return { ...promotion, parts, serving: servingMs(promotion, { nodeTimeoutMs, ...conditions }) };
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
