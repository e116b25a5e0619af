import type { ServerVersion } from "../view/parse-info.ts";
import { type ExpectedFailover, expectedFailoverMs, expectedManualMs } from "./expected.ts";
import type {
  DeposedWrites,
  Failover,
  FailoverSubject,
  NodeBefore,
  ShardFailover,
  ShardPromotion,
  TimelineEvent,
} from "./failover.ts";
import { latest } from "./acknowledgements.ts";
import { deposedWrites, electedAt, isManual, lastWrite, phasesOf, recoveredAt } from "./phases.ts";
import { lateWritesText } from "./late-writes.ts";
import { missedPromotions } from "./missed-promotions.ts";
import type { RecordedEvent, Recorder, ShardRecord } from "./recorder.ts";
import { selfOf, type Views } from "./shards.ts";

/** Puts everything that was recorded of a failover together; at least one shard has a new primary. */
export function report(
  { plan }: Pick<FailoverSubject, "plan">,
  recorder: Recorder,
  server: ServerVersion,
  sinceMs: number,
): Failover {
  const { records, lines, events, before } = recorder;
  const since = (atMs: number): number => Math.round(atMs - sinceMs);
  const shards = records
    .filter((record): record is PromotedRecord => record.promotion !== undefined)
    .map((record): ShardFailover => {
      const { shard, promotion } = record;
      const manual = isManual(record, recorder, sinceMs);
      const last = lastWrite(record, recorder);
      return {
        failed: { name: shard.primary.name },
        promoted: { name: promotion.name, id: promotion.id },
        promotions: promotionsOf(record, lines, since),
        shard: shard.index,
        slots: shard.slots,
        epochBefore: shard.epoch,
        epochAfter: promotion.epoch,
        manual,
        lastWriteMs: last === undefined ? undefined : since(last.executedAt),
        acknowledgedByOldPrimary: deposedOf(record, recorder, since),
        phases: phasesOf(record, recorder, sinceMs, records.length),
        expected: expectedOf(record, recorder, { manual, server, plan, since }),
      };
    })
    .toSorted((a, b) => promotedMs(a) - promotedMs(b));
  const [first, ...others] = shards;
  if (first === undefined) throw new TypeError("no shard has a new primary");
  const nodes = plan.nodes.map(({ name }) => nodeBefore(name, records, before));
  return {
    ...first,
    since: sinceMs,
    timeScale: plan.timeScale,
    clockErrorMs: recorder.clockErrorMs,
    nodes,
    others,
    events: timeline([...events, ...writeEvents(recorder)], sinceMs),
  };
}

function promotionsOf(
  record: PromotedRecord,
  lines: Recorder["lines"],
  since: (atMs: number) => number,
): readonly ShardPromotion[] {
  const seen = record.promotions.map((promotion) => ({
    name: promotion.name,
    epoch: promotion.epoch,
    atMs: electedAt(promotion, lines) ?? promotion.seenAt,
  }));
  // Whatever the clocks of two nodes say, the last one is that of the promoted node.
  const earlier = [...missedPromotions(record, lines), ...seen.slice(0, -1)].toSorted(
    (a, b) => a.atMs - b.atMs,
  );
  return [...earlier, ...seen.slice(-1)].map(({ name, epoch, atMs }) => ({ name, epoch, atMs: since(atMs) }));
}

function deposedOf(
  record: PromotedRecord,
  recorder: Recorder,
  since: (atMs: number) => number,
): DeposedWrites {
  const writes = deposedWrites(record, recorder);
  const last = latest(writes);
  return { count: writes.length, lastMs: last === undefined ? undefined : since(last.executedAt) };
}

function expectedOf(
  { shard, promotion }: PromotedRecord,
  recorder: Recorder,
  options: {
    readonly manual: boolean;
    readonly server: ServerVersion;
    readonly plan: FailoverSubject["plan"];
    readonly since: (atMs: number) => number;
  },
): ExpectedFailover {
  const { manual, server, plan, since } = options;
  const { answersSince, minorityAt, downAt } = recorder.conditionsOf(promotion.name);
  const conditions = {
    startedByMs: answersSince === undefined ? undefined : since(answersSince),
    minorityMs: minorityAt === undefined ? undefined : since(minorityAt),
  };
  const { nodeTimeoutMs } = plan;
  if (manual) return expectedManualMs(downAt === undefined ? undefined : { nodeTimeoutMs, ...conditions });
  return expectedFailoverMs({ nodeTimeoutMs, server, replicas: shard.replicas.length, conditions });
}

function nodeBefore(name: string, records: readonly ShardRecord[], before: Views): NodeBefore {
  const served = records.find(({ shard }) => shard.primary.name === name);
  if (served !== undefined) return { name, roleBefore: "primary", shard: served.shard.index };
  const followed = records.find(({ shard }) => shard.replicas.includes(name));
  if (followed !== undefined) return { name, roleBefore: "replica", shard: followed.shard.index };
  return { name, roleBefore: selfOf(before.get(name))?.role, shard: undefined };
}

type PromotedRecord = ShardRecord & { readonly promotion: NonNullable<ShardRecord["promotion"]> };

function promotedMs({ phases }: ShardFailover): number {
  return phases.electedMs ?? phases.servingMs ?? Number.POSITIVE_INFINITY;
}

/** The acknowledgements that a failover's numbers are taken from. They are known only when the promotion is. */
function writeEvents(recorder: Recorder): readonly RecordedEvent[] {
  return recorder.records.flatMap((record) => {
    if (record.promotion === undefined) return [];
    const recoveredMs = recoveredAt(record, recorder.lines);
    const last = lastWrite(record, recorder);
    const late = deposedWrites(record, recorder);
    const lastLate = latest(late);
    return [
      ...writeEvent(
        "last-write",
        last?.node,
        last?.executedAt,
        "acknowledges its last write before the promotion",
      ),
      ...writeEvent("recovered", record.promotion.name, recoveredMs, "acknowledges a write again"),
      ...writeEvent("late-write", lastLate?.node, lastLate?.executedAt, lateWritesText(late.length)),
    ];
  });
}

function writeEvent(
  kind: string,
  node: string | undefined,
  atMs: number | undefined,
  text: string,
): readonly RecordedEvent[] {
  return node === undefined || atMs === undefined ? [] : [{ node, kind, text, atMs }];
}

/** All events in the order of their moments, which is not that of their arrival. */
function timeline(events: readonly RecordedEvent[], sinceMs: number): readonly TimelineEvent[] {
  return events
    .toSorted((a, b) => a.atMs - b.atMs)
    .map(({ atMs, node, kind, text }) => ({ atMs: Math.round(atMs - sinceMs), node, kind, text }));
}
