import type { NodeConnection } from "../clients/node-connection.ts";
import { withTimeout } from "../timing/deadline.ts";
import { countReachablePrimaries } from "../view/cluster-state.ts";
import { parseInfo, type ServerVersion } from "../view/parse-info.ts";
import type { NodeEntry } from "../view/parse-cluster-nodes.ts";
import type { FailedShardState, FailureState, ReplicaState } from "./diagnose.ts";
import { expectedFailoverMs } from "./expected-failover.ts";
import type { ObservedCluster } from "./observed-cluster.ts";
import type { Recorder, ShardRecord } from "./recorder.ts";
import { nodesFlagging, selfEntry } from "./shards.ts";
import { CLOCK_TOLERANCE_MS } from "./suspicion.ts";

const ANSWER_TIMEOUT_MS = 500;

/** Collects what is known about a failover that did not happen, and queries the age of the replicas' data. Never rejects. */
export async function collectFailureState(
  cluster: ObservedCluster,
  recorder: Recorder,
  { sinceMs, withinMs }: { readonly sinceMs: number; readonly withinMs: number },
  server: ServerVersion,
): Promise<FailureState> {
  const { records, views, logLines, flagChanges } = recorder;
  const answering = records.filter(({ shard }) => views.get(shard.primary.name)?.kind === "answered");
  // Events from before the fault cannot explain why no node was promoted after it.
  const isAfterFault = ({ atMs }: { readonly atMs: number }): boolean => atMs >= sinceMs - CLOCK_TOLERANCE_MS;
  const observed = {
    views,
    logLines: logLines.filter(isAfterFault),
    flagChanges: flagChanges.filter(isAfterFault),
  };
  const failed = records.filter(({ shard: { primary }, promotion, unhealthyAt }) => {
    if (promotion !== undefined) return false;
    const wasFlagged = observed.flagChanges.some(({ about, flag }) => about === primary.id && flag !== "");
    return wasFlagged || (unhealthyAt !== undefined && isAfterFault({ atMs: unhealthyAt }));
  });
  return {
    withinMs,
    nodeTimeoutMs: cluster.plan.nodeTimeoutMs,
    primaries: records.length,
    answeringPrimaries: answering.length,
    failedShards: await Promise.all(
      failed.map((record) => collectShardState(cluster, observed, record, server)),
    ),
  };
}

type Observed = Pick<Recorder, "views" | "logLines" | "flagChanges">;

async function collectShardState(
  cluster: ObservedCluster,
  observed: Observed,
  { shard }: ShardRecord,
  server: ServerVersion,
): Promise<FailedShardState> {
  const { views, logLines, flagChanges } = observed;
  const { name, id } = shard.primary;
  const suspectedBy = nodesFlagging(views, id, "fail", "fail?");
  const self = selfEntry(views.get(name));
  const { nodeTimeoutMs } = cluster.plan;
  return {
    primary: name,
    hasRecovered: self?.role === "primary" && suspectedBy.length === 0,
    isAnswering: self !== undefined,
    suspectedBy,
    isDeclaredFailed:
      flagChanges.some(({ about, flag }) => about === id && flag === "fail") ||
      logLines.some(({ event }) => event.kind === "failed" && event.about === id),
    expectedMaxMs: expectedFailoverMs({ nodeTimeoutMs, server, replicas: shard.replicas.length }).maxMs,
    replicas: await Promise.all(
      shard.replicas.map((replica) => collectReplicaState(cluster, observed, id, replica)),
    ),
  };
}

async function collectReplicaState(
  cluster: ObservedCluster,
  { views, logLines }: Observed,
  primaryId: string,
  replica: string,
): Promise<ReplicaState> {
  const view = views.get(replica) ?? { kind: "silent", node: replica, reason: "it was not queried" };
  const self = selfEntry(view);
  const events = logLines.filter(({ node }) => node === replica).map(({ event }) => event);
  const { reached, needed } = countReachablePrimaries(view);
  const denial = logLines.findLast(({ event }) => event.kind === "vote-denied" && event.to === self?.id);
  const obstacle = events.findLast((event) => event.kind === "unable");
  const connection = cluster.connections.find(({ node }) => node.name === replica);
  return {
    name: replica,
    isAnswering: view.kind === "answered",
    hasNoFailoverFlag: self?.flags.includes("nofailover") === true,
    ...(connection === undefined || view.kind === "silent"
      ? UNKNOWN_AGE
      : await readDataAge(connection, cluster.plan)),
    reachablePrimaries: reached,
    majority: needed,
    ignoredClaim: findIgnoredClaim(views, primaryId, self),
    electionCount: events.filter(({ kind }) => kind === "election-started").length,
    lastDenial:
      denial?.event.kind === "vote-denied" ? `${denial.event.reason} (logged by ${denial.node})` : undefined,
    lastObstacle: obstacle?.reason,
  };
}

/**
 * Returns the epochs if a replica reports that it owns slots, but all other nodes still assign them to the old primary, with a
 * newer epoch.
 */
function findIgnoredClaim(
  views: Recorder["views"],
  primaryId: string,
  self: NodeEntry | undefined,
): ReplicaState["ignoredClaim"] {
  if (self?.role !== "primary" || self.slots.length === 0) return undefined;
  const others = [...views.values()].flatMap((view) =>
    view.kind === "answered" && selfEntry(view)?.id !== self.id ? view.members : [],
  );
  const primaryEntries = others.filter(({ id, slots }) => id === primaryId && slots.length > 0);
  const newerEpoch = Math.max(...primaryEntries.map(({ configEpoch }) => configEpoch));
  return newerEpoch > self.configEpoch ? { epoch: self.configEpoch, newerEpoch } : undefined;
}

type DataAge = Pick<ReplicaState, "dataAgeMs" | "maxDataAgeMs">;
const UNKNOWN_AGE: DataAge = { dataAgeMs: undefined, maxDataAgeMs: undefined };

/**
 * Reads how long a replica has been without its primary, and computes the maximum of `clusterHandleSlaveFailover`. There is no
 * maximum if cluster-replica-validity-factor is 0.
 */
async function readDataAge(
  connection: NodeConnection,
  { nodeTimeoutMs, timeScale }: ObservedCluster["plan"],
): Promise<DataAge> {
  try {
    const replies = connection.texts([
      ["INFO", "replication"],
      ["CONFIG", "GET", "cluster-replica-validity-factor"],
      ["CONFIG", "GET", "repl-ping-replica-period"],
    ]);
    const [info = "", factorText = "", periodText = ""] = await withTimeout(
      replies,
      ANSWER_TIMEOUT_MS * timeScale,
      new AbortController().signal,
    );
    // A link that loses all packets still counts as up. Then the server uses the time of the last data on the link.
    const fields = parseInfo(info);
    const downSeconds =
      fields.get("master_link_down_since_seconds") ?? fields.get("master_last_io_seconds_ago");
    const [factor, period] = [factorText, periodText].map((text) => Number(text.split(",")[1]));
    if (downSeconds === undefined || !(Number(downSeconds) >= 0) || !factor || period === undefined) {
      return UNKNOWN_AGE;
    }
    const downMs = Number(downSeconds) * 1_000;
    return {
      dataAgeMs: downMs > nodeTimeoutMs ? downMs - nodeTimeoutMs : downMs,
      maxDataAgeMs: period * 1_000 + factor * nodeTimeoutMs,
    };
  } catch {
    return UNKNOWN_AGE;
  }
}
