import { RedisClusterError } from "../errors.ts";
import { formatNodeView } from "../view/format-node-view.ts";
import { diagnose, type Evidence } from "./diagnose.ts";
import { recoveredAt } from "./phases.ts";
import type { RecordedEvent, Recorder, ShardRecord } from "./recorder.ts";
import { deposedOf, dissentersOf } from "./shards.ts";

const MOST_LINES = 20;
/** Kinds of events that are no lines of a log about the election. */
const NOT_THE_ELECTION: ReadonlySet<string> = new Set([
  ...[
    "fault",
    "acted",
    "silent",
    "answers",
    "flag",
    "replica",
    "promoted",
    "serving",
    "agreed",
    "back",
    "state",
  ],
]);

/** Why the cluster is not whole again in time: the likely reason, every node's view, the election's log lines. */
export function timeoutError(
  recorder: Recorder,
  evidence: Evidence,
  sinceMs: number,
  waitForOldPrimary: boolean,
): RedisClusterError {
  const promoted = recorder.records.filter(({ promotion }) => promotion !== undefined);
  const open = promoted.flatMap((record) => missing(record, recorder, waitForOldPrimary));
  const failed = promoted.length === 0 || evidence.troubled.length > 0;
  const head = failed ? "No failover" : "The cluster is not whole again";
  const reasons = [...(failed ? [diagnose(evidence)] : []), ...open];
  if (reasons.length === 0) reasons.push("Not every node says cluster_state:ok.");
  const views = [...recorder.views.values()].map((view) => `  ${formatNodeView(view, recorder.nameOf)}`);
  const election = recorder.events
    .toSorted((a, b) => a.atMs - b.atMs)
    .filter(({ kind, atMs }) => atMs >= sinceMs && !NOT_THE_ELECTION.has(kind));
  const lines = election.slice(-MOST_LINES).map((event) => `  ${formatEvent(event, sinceMs)}`);
  return new RedisClusterError(
    "FAILOVER_TIMEOUT",
    [
      `${head} within ${evidence.withinMs} ms: ${reasons.join(" ")}`,
      "What each node says now:",
      ...views,
      ...(lines.length > 0
        ? ["The election in the nodes' logs:", ...lines]
        : ["The logs say nothing of an election."]),
    ].join("\n"),
    {
      details: {
        withinMs: evidence.withinMs,
        evidence,
        events: recorder.events.map(({ atMs, ...event }) => ({ ...event, atMs: Math.round(atMs - sinceMs) })),
      },
    },
  );
}

/** What a shard that has a new primary still lacks. */
function missing(record: ShardRecord, recorder: Recorder, waitForOldPrimary: boolean): readonly string[] {
  const { promotion, shard } = record;
  if (promotion === undefined) return [];
  const sentences: string[] = [];
  if (record.promotions.length > 1) {
    const names = record.promotions.map(({ name }) => name).join(", then ");
    sentences.push(`The shard of ${shard.primary.name} failed over several times: to ${names}.`);
  }
  if (record.servingAt === undefined)
    sentences.push(`${promotion.name} was promoted, but its cluster_state is not ok.`);
  if (record.agreedAt === undefined) {
    const dissenters = dissentersOf(promotion, recorder.views);
    sentences.push(
      `${dissenters.join(", ")} did not hear that ${promotion.name} serves the slots of ${promotion.replaced.name} now.`,
    );
  }
  if (recoveredAt(record, recorder.lines) === undefined) {
    sentences.push(`${promotion.name} was promoted, but it acknowledged no write to the shard.`);
  }
  if (waitForOldPrimary && record.backAt === undefined) {
    sentences.push(
      `${deposedOf(shard, promotion).name} did not come back as a replica of ${promotion.name}.`,
    );
  }
  return sentences;
}

function formatEvent({ node, text, atMs }: RecordedEvent, sinceMs: number): string {
  return `+${Math.round(atMs - sinceMs)} ms ${node}: ${text}`;
}
