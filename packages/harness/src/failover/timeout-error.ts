import { RedisClusterError } from "../errors.ts";
import { formatNodeView } from "../view/format-node-view.ts";
import { diagnose, type FailureState } from "./diagnose.ts";
import { recoveredAt } from "./phases.ts";
import type { RecordedEvent, Recorder, ShardRecord } from "./recorder.ts";
import { dissentingNodes, replacedPrimary } from "./shards.ts";

const MAX_LINES = 20;
/** Kinds of events that are not log lines about an election. */
const OTHER_KINDS: ReadonlySet<string> = new Set([
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
]);

/** Returns the error FAILOVER_TIMEOUT with the likely reason, the views of all nodes, and the log lines of the election. */
export function createTimeoutError(
  recorder: Recorder,
  state: FailureState,
  sinceMs: number,
  waitForOldPrimary: boolean,
): RedisClusterError {
  const { withinMs, failedShards } = state;
  const promoted = recorder.records.filter(({ promotion }) => promotion !== undefined);
  const missingSteps = promoted.flatMap((record) =>
    describeMissingSteps(record, recorder, waitForOldPrimary),
  );
  const isPromotionMissing = promoted.length === 0 || failedShards.length > 0;
  const problem = isPromotionMissing ? "The failover did not happen" : "The cluster did not recover";
  const reasons = [...(isPromotionMissing ? [diagnose(state)] : []), ...missingSteps];
  if (reasons.length === 0) reasons.push("Not every node reports cluster_state:ok.");
  const views = [...recorder.views.values()].map((view) => `  ${formatNodeView(view, recorder.namesById)}`);
  const electionEvents = recorder.events
    .toSorted((a, b) => a.atMs - b.atMs)
    .filter(({ kind, atMs }) => atMs >= sinceMs && !OTHER_KINDS.has(kind));
  const electionLines = electionEvents.slice(-MAX_LINES).map((event) => `  ${formatEvent(event, sinceMs)}`);
  return new RedisClusterError(
    "FAILOVER_TIMEOUT",
    [
      `${problem} within ${withinMs} ms: ${reasons.join(" ")}`,
      "Views of the nodes:",
      ...views,
      ...(electionLines.length > 0
        ? ["Log lines about the election:", ...electionLines]
        : ["The nodes logged nothing about an election."]),
    ].join("\n"),
    {
      details: {
        withinMs,
        state,
        events: recorder.events.map(({ atMs, ...event }) => ({ ...event, atMs: Math.round(atMs - sinceMs) })),
      },
    },
  );
}

/** Returns a sentence for each step that a shard with a new primary has not completed. */
function describeMissingSteps(
  record: ShardRecord,
  recorder: Recorder,
  waitForOldPrimary: boolean,
): readonly string[] {
  const { promotion, promotions, shard } = record;
  if (promotion === undefined) return [];
  const sentences: string[] = [];
  if (promotions.length > 1) {
    const names = promotions.map(({ name }) => name).join(", then ");
    sentences.push(`The shard of ${shard.primary.name} failed over several times: to ${names}.`);
  }
  if (record.servingAt === undefined) {
    sentences.push(`${promotion.name} was promoted, but its cluster_state is not ok.`);
  }
  if (record.agreedAt === undefined) {
    const names = dissentingNodes(promotion, recorder.views).join(", ");
    sentences.push(
      `${names} did not report that ${promotion.name} owns the slots of ${promotion.replaced.name}.`,
    );
  }
  if (recoveredAt(record, recorder.logLines) === undefined) {
    sentences.push(`${promotion.name} was promoted, but has not acknowledged a write to the shard.`);
  }
  if (waitForOldPrimary && record.rejoinedAt === undefined) {
    const { name } = replacedPrimary(shard, promotion);
    sentences.push(`${name} did not rejoin as an in-sync replica of ${promotion.name}.`);
  }
  return sentences;
}

function formatEvent({ node, text, atMs }: RecordedEvent, sinceMs: number): string {
  return `+${Math.round(atMs - sinceMs)} ms ${node}: ${text}`;
}
