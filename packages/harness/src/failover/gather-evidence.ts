import type { NodeConnection } from "../clients/node-connection.ts";
import { parseInfo, type ServerVersion } from "../view/parse-info.ts";
import type { NodeEntry } from "../view/parse-cluster-nodes.ts";
import type { Evidence, ReplicaEvidence, ShardEvidence } from "./diagnose.ts";
import { expectedFailoverMs } from "./expected.ts";
import type { FailoverSubject } from "./failover.ts";
import type { Recorder, ShardRecord } from "./recorder.ts";
import { countReachablePrimaries } from "../view/cluster-state.ts";
import { flaggedBy, selfOf } from "./shards.ts";
import { CLOCK_SLACK_MS } from "./suspicion.ts";
import { withTimeout } from "../timing/deadline.ts";

const ANSWER_LIMIT_MS = 500;

/** Puts together what is known, and asks the replicas how old their data is. Never rejects. */
export async function gatherEvidence(
  subject: FailoverSubject,
  recorder: Recorder,
  limits: { readonly sinceMs: number; readonly withinMs: number },
  server: ServerVersion,
): Promise<Evidence> {
  const { sinceMs, withinMs } = limits;
  const { records, views, lines, flags } = recorder;
  const left = records.filter(({ shard }) => views.get(shard.primary.name)?.kind === "answered");
  // What was over before the fault is no reason why nothing came of it.
  const isLate = ({ atMs }: { readonly atMs: number }): boolean => atMs >= sinceMs - CLOCK_SLACK_MS;
  const late = { lines: lines.filter(isLate), flags: flags.filter(isLate) };
  const troubled = records.filter(({ shard: { primary }, promotion, troubledAt }) => {
    const flagged = late.flags.some(({ about, flag }) => about === primary.id && flag !== "");
    return promotion === undefined && (flagged || (troubledAt !== undefined && isLate({ atMs: troubledAt })));
  });
  return {
    withinMs,
    nodeTimeoutMs: subject.plan.nodeTimeoutMs,
    primaries: records.length,
    primariesLeft: left.length,
    troubled: await Promise.all(
      troubled.map((record) => shardEvidence(subject, { ...late, views }, record, server)),
    ),
  };
}

async function shardEvidence(
  subject: FailoverSubject,
  { views, lines, flags }: Pick<Recorder, "views" | "lines" | "flags">,
  { shard }: ShardRecord,
  server: ServerVersion,
): Promise<ShardEvidence> {
  const { name, id } = shard.primary;
  const flagged = flaggedBy(views, id, "fail", "fail?");
  const self = selfOf(views.get(name));
  const replicas = shard.replicas.map(async (replica): Promise<ReplicaEvidence> => {
    const view = views.get(replica) ?? { kind: "silent", node: replica, reason: "it was not asked" };
    const replicaSelf = selfOf(view);
    const own = lines.filter(({ node }) => node === replica).map(({ event }) => event);
    const { reached, needed } = countReachablePrimaries(view);
    const denial = lines.findLast(
      ({ event }) => event.kind === "vote-denied" && event.to === replicaSelf?.id,
    );
    const unable = own.findLast((event) => event.kind === "unable");
    const connection = subject.connections.find(({ node }) => node.name === replica);
    return {
      name: replica,
      answers: view.kind === "answered",
      noFailover: replicaSelf?.flags.includes("nofailover") === true,
      ...(connection === undefined || view.kind === "silent"
        ? UNKNOWN_AGE
        : await dataAge(connection, subject.plan)),
      primariesReached: reached,
      primariesNeeded: needed,
      ignoredClaim: ignoredClaim(views, id, replicaSelf),
      elections: own.filter(({ kind }) => kind === "election-started").length,
      denied:
        denial?.event.kind === "vote-denied" ? `${denial.node} said: ${denial.event.reason}` : undefined,
      unable: unable?.reason,
    };
  });
  return {
    primary: name,
    well: self?.role === "primary" && flagged.length === 0,
    answers: self !== undefined,
    suspectedBy: flagged,
    declaredDead:
      flags.some(({ about, flag }) => about === id && flag === "fail") ||
      lines.some(({ event }) => event.kind === "failed" && event.about === id),
    expectedMaxMs: expectedFailoverMs({
      nodeTimeoutMs: subject.plan.nodeTimeoutMs,
      server,
      replicas: shard.replicas.length,
    }).maxMs,
    replicas: await Promise.all(replicas),
  };
}

/** A replica that says that it serves slots, while every other node still gives them to the old primary by a newer epoch. */
function ignoredClaim(
  views: Recorder["views"],
  primaryId: string,
  self: NodeEntry | undefined,
): ReplicaEvidence["ignoredClaim"] {
  if (self?.role !== "primary" || self.slots.length === 0) return undefined;
  const others = [...views.values()].flatMap((view) =>
    view.kind === "answered" && selfOf(view)?.id !== self.id ? view.members : [],
  );
  const held = others.filter(({ id, slots }) => id === primaryId && slots.length > 0);
  const newerEpoch = Math.max(...held.map(({ configEpoch }) => configEpoch));
  return newerEpoch > self.configEpoch ? { epoch: self.configEpoch, newerEpoch } : undefined;
}

type DataAge = Pick<ReplicaEvidence, "dataAgeMs" | "allowedAgeMs">;
const UNKNOWN_AGE: DataAge = { dataAgeMs: undefined, allowedAgeMs: undefined };

/** How long a replica has been without its primary, and the limit of `clusterHandleSlaveFailover`; factor 0 is none. */
async function dataAge(
  connection: NodeConnection,
  { nodeTimeoutMs, timeScale }: FailoverSubject["plan"],
): Promise<DataAge> {
  try {
    const asked = connection.texts([
      ["INFO", "replication"],
      ["CONFIG", "GET", "cluster-replica-validity-factor"],
      ["CONFIG", "GET", "repl-ping-replica-period"],
    ]);
    const [info = "", factorText = "", periodText = ""] = await withTimeout(
      asked,
      ANSWER_LIMIT_MS * timeScale,
      new AbortController().signal,
    );
    // A link whose packets are lost still counts as up; then the server goes by the last thing that came over it.
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
      allowedAgeMs: period * 1_000 + factor * nodeTimeoutMs,
    };
  } catch {
    return UNKNOWN_AGE;
  }
}
