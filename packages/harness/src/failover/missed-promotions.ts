import { electedAt } from "./phases.ts";
import { isPromotionLine, type Recorder, type ShardRecord } from "./recorder.ts";

/** A promotion that only the log of a node shows. */
export interface MissedPromotion {
  readonly name: string;
  /** The config epoch. Undefined for a takeover, whose log line does not contain the epoch. */
  readonly epoch: number | undefined;
  /** Milliseconds since the epoch, by the clock of this host. */
  readonly atMs: number;
}

/**
 * Finds promotions of a shard's replicas that ended before a view could show them. It is only certain that there was one if the
 * old primary is the primary again, because a replica may also promote itself and be ignored by the other nodes.
 */
export function findMissedPromotions(
  record: ShardRecord,
  logLines: Recorder["logLines"],
): readonly MissedPromotion[] {
  const { shard, promotions, promotion } = record;
  if (promotion?.id !== shard.primary.id) return [];
  const untilMs = electedAt(promotion, logLines) ?? promotion.observedAt;
  const replicaLines = logLines.filter(({ node }) => shard.replicas.includes(node));
  return replicaLines
    .filter(
      (line) =>
        isPromotionLine(line) && line.atMs <= untilMs && !promotions.some(({ name }) => name === line.node),
    )
    .map(({ node, atMs }) => {
      const election = replicaLines.findLast(
        (line) => line.node === node && line.event.kind === "election-started" && line.atMs <= atMs,
      );
      const epoch = election?.event.kind === "election-started" ? election.event.epoch : undefined;
      return { name: node, epoch, atMs };
    });
}
