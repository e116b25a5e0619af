import { electedAt } from "./phases.ts";
import { isPromotion, type Recorder, type ShardRecord } from "./recorder.ts";

/** A promotion that only the node's log reports. */
export interface MissedPromotion {
  readonly name: string;
  /** Undefined for a takeover, whose epoch the log does not have. */
  readonly epoch: number | undefined;
  readonly atMs: number;
}

/**
 * Returns the promotions of a shard's replicas that were over before a view could show them. Only if the old primary is
 * primary again it is certain that there was one: a replica may also promote itself and be ignored by the others.
 */
export function missedPromotions(record: ShardRecord, lines: Recorder["lines"]): readonly MissedPromotion[] {
  const { shard, promotions, promotion } = record;
  if (promotion?.id !== shard.primary.id) return [];
  const untilMs = electedAt(promotion, lines) ?? promotion.seenAt;
  const own = lines.filter(({ node }) => shard.replicas.includes(node));
  return own
    .filter(
      (line) =>
        isPromotion(line) && line.atMs <= untilMs && !promotions.some(({ name }) => name === line.node),
    )
    .map(({ node, atMs }) => {
      const started = own.findLast(
        (line) => line.node === node && line.event.kind === "election-started" && line.atMs <= atMs,
      );
      const epoch = started?.event.kind === "election-started" ? started.event.epoch : undefined;
      return { name: node, epoch, atMs };
    });
}
