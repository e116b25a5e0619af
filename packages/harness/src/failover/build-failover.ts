import type { ServerVersion } from "../view/parse-info.ts";
import { findLatest } from "./acknowledgements.ts";
import { type ExpectedFailover, expectedFailoverMs, expectedManualFailoverMs } from "./expected-failover.ts";
import type {
  DeposedWrites,
  Failover,
  NodeBefore,
  ShardFailover,
  ShardPromotion,
  TimelineEvent,
} from "./failover.ts";
import { formatLateWrites } from "./format-late-writes.ts";
import { findMissedPromotions } from "./missed-promotions.ts";
import type { ObservedCluster } from "./observed-cluster.ts";
import {
  computePhases,
  electedAt,
  isManual,
  lastWriteBeforePromotion,
  lateWrites,
  recoveredAt,
} from "./phases.ts";
import type { RecordedEvent, Recorder, ShardRecord } from "./recorder.ts";
import { selfEntry, type Views } from "./shards.ts";

type PromotedRecord = ShardRecord & { readonly promotion: NonNullable<ShardRecord["promotion"]> };

/** Builds the result of an observation from its records. At least one shard must have a new primary. */
export function buildFailover(
  { plan }: Pick<ObservedCluster, "plan">,
  recorder: Recorder,
  server: ServerVersion,
  sinceMs: number,
): Failover {
  const { records, viewsBefore } = recorder;
  const sinceFault = (atMs: number): number => Math.round(atMs - sinceMs);
  const shards = records
    .filter((record): record is PromotedRecord => record.promotion !== undefined)
    .map((record): ShardFailover => {
      const { shard, promotion } = record;
      const manual = isManual(record, recorder, sinceMs);
      const lastWrite = lastWriteBeforePromotion(record, recorder);
      return {
        failed: { name: shard.primary.name },
        promoted: { name: promotion.name, id: promotion.id },
        promotions: buildPromotions(record, recorder, sinceFault),
        shard: shard.index,
        slots: shard.slots,
        epochBefore: shard.epoch,
        epochAfter: promotion.epoch,
        manual,
        lastWriteMs: lastWrite === undefined ? undefined : sinceFault(lastWrite.executedAt),
        acknowledgedByOldPrimary: countLateWrites(record, recorder, sinceFault),
        phases: computePhases(record, recorder, sinceMs, records.length),
        expected: computeExpected(record, recorder, { manual, server, plan, sinceFault }),
      };
    })
    .toSorted((a, b) => promotedMs(a) - promotedMs(b));
  const [first, ...others] = shards;
  if (first === undefined) throw new TypeError("Building a failover: no shard has a new primary.");
  return {
    ...first,
    since: sinceMs,
    timeScale: plan.timeScale,
    clockErrorMs: recorder.clockErrorMs,
    nodes: plan.nodes.map(({ name }) => describeNodeBefore(name, records, viewsBefore)),
    others,
    events: buildTimeline([...recorder.events, ...createWriteEvents(recorder)], sinceFault),
  };
}

function buildPromotions(
  record: PromotedRecord,
  { logLines }: Recorder,
  sinceFault: (atMs: number) => number,
): readonly ShardPromotion[] {
  const observed = record.promotions.map((promotion) => ({
    name: promotion.name,
    epoch: promotion.epoch,
    atMs: electedAt(promotion, logLines) ?? promotion.observedAt,
  }));
  // The last promotion is always the one of the promoted node, even if the clocks of two nodes suggest another order.
  const earlier = [...findMissedPromotions(record, logLines), ...observed.slice(0, -1)].toSorted(
    (a, b) => a.atMs - b.atMs,
  );
  return [...earlier, ...observed.slice(-1)].map(({ name, epoch, atMs }) => ({
    name,
    epoch,
    atMs: sinceFault(atMs),
  }));
}

function countLateWrites(
  record: PromotedRecord,
  recorder: Recorder,
  sinceFault: (atMs: number) => number,
): DeposedWrites {
  const writes = lateWrites(record, recorder);
  const last = findLatest(writes);
  return { count: writes.length, lastMs: last === undefined ? undefined : sinceFault(last.executedAt) };
}

function computeExpected(
  { shard, promotion }: PromotedRecord,
  recorder: Recorder,
  options: {
    readonly manual: boolean;
    readonly server: ServerVersion;
    readonly plan: ObservedCluster["plan"];
    readonly sinceFault: (atMs: number) => number;
  },
): ExpectedFailover {
  const { manual, server, plan, sinceFault } = options;
  const { latestStartAt, minorityAt, downAt } = recorder.conditionsOf(promotion.name);
  const conditions = {
    latestStartMs: latestStartAt === undefined ? undefined : sinceFault(latestStartAt),
    minorityMs: minorityAt === undefined ? undefined : sinceFault(minorityAt),
  };
  const { nodeTimeoutMs } = plan;
  if (manual) {
    return expectedManualFailoverMs(downAt === undefined ? undefined : { nodeTimeoutMs, ...conditions });
  }
  return expectedFailoverMs({ nodeTimeoutMs, server, replicas: shard.replicas.length, conditions });
}

function describeNodeBefore(name: string, records: readonly ShardRecord[], viewsBefore: Views): NodeBefore {
  const owned = records.find(({ shard }) => shard.primary.name === name);
  if (owned !== undefined) return { name, roleBefore: "primary", shard: owned.shard.index };
  const followed = records.find(({ shard }) => shard.replicas.includes(name));
  if (followed !== undefined) return { name, roleBefore: "replica", shard: followed.shard.index };
  return { name, roleBefore: selfEntry(viewsBefore.get(name))?.role, shard: undefined };
}

function promotedMs({ phases }: ShardFailover): number {
  return phases.electedMs ?? phases.servingMs ?? Number.POSITIVE_INFINITY;
}

/**
 * Creates events for the acknowledgements from which the times of the failover are taken. These acknowledgements are only known
 * after the promotion.
 */
function createWriteEvents(recorder: Recorder): readonly RecordedEvent[] {
  return recorder.records.flatMap((record) => {
    if (record.promotion === undefined) return [];
    const recoveredMs = recoveredAt(record, recorder.logLines);
    const lastWrite = lastWriteBeforePromotion(record, recorder);
    const writes = lateWrites(record, recorder);
    const lastLateWrite = findLatest(writes);
    return [
      ...createWriteEvent(
        "last-write",
        lastWrite?.node,
        lastWrite?.executedAt,
        "acknowledges its last write before the promotion",
      ),
      ...createWriteEvent("recovered", record.promotion.name, recoveredMs, "acknowledges a write again"),
      ...createWriteEvent(
        "late-write",
        lastLateWrite?.node,
        lastLateWrite?.executedAt,
        formatLateWrites(writes.length),
      ),
    ];
  });
}

function createWriteEvent(
  kind: string,
  node: string | undefined,
  atMs: number | undefined,
  text: string,
): readonly RecordedEvent[] {
  return node === undefined || atMs === undefined ? [] : [{ node, kind, text, atMs }];
}

/** Returns all events in the order of their times. They may have arrived in another order. */
function buildTimeline(
  events: readonly RecordedEvent[],
  sinceFault: (atMs: number) => number,
): readonly TimelineEvent[] {
  return events
    .toSorted((a, b) => a.atMs - b.atMs)
    .map(({ atMs, node, kind, text }) => ({ atMs: sinceFault(atMs), node, kind, text }));
}
