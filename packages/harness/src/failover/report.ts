import type { ServerVersion } from "../view/parse-info.ts";
import { expectedFailoverMs, MANUAL_FAILOVER } from "./expected.ts";
import type { Failover, FailoverSubject, NodeBefore, ShardFailover, TimelineEvent } from "./failover.ts";
import { electedAt, isManual, phasesOf } from "./phases.ts";
import type { RecordedEvent, Recorder, ShardRecord } from "./recorder.ts";
import { selfOf, type Views } from "./shards.ts";

/** Puts everything that was recorded of a failover together; at least one shard has a new primary. */
export function report(
  { plan }: Pick<FailoverSubject, "plan">,
  { records, lines, events, before }: Recorder,
  server: ServerVersion,
  sinceMs: number,
): Failover {
  const shards = records
    .filter((record): record is PromotedRecord => record.promotion !== undefined)
    .map((record): ShardFailover => {
      const { shard, promotion } = record;
      const manual = isManual(record, lines);
      return {
        failed: { name: shard.primary.name },
        promoted: { name: promotion.name, id: promotion.id },
        shard: shard.index,
        slots: shard.slots,
        epochBefore: shard.epoch,
        epochAfter: promotion.epoch,
        manual,
        lastWriteMs: lastWriteMs(record, lines, sinceMs),
        phases: phasesOf(record, lines, sinceMs, records.length),
        expected: manual
          ? MANUAL_FAILOVER
          : expectedFailoverMs({
              nodeTimeoutMs: plan.nodeTimeoutMs,
              server,
              replicas: shard.replicas.length,
            }),
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
    nodes,
    others,
    events: timeline(events, sinceMs),
  };
}

function nodeBefore(name: string, records: readonly ShardRecord[], before: Views): NodeBefore {
  const served = records.find(({ shard }) => shard.primary.name === name);
  if (served !== undefined) return { name, roleBefore: "primary", shard: served.shard.index };
  const followed = records.find(({ shard }) => shard.replicas.includes(name));
  if (followed !== undefined) return { name, roleBefore: "replica", shard: followed.shard.index };
  return { name, roleBefore: selfOf(before.get(name))?.role, shard: undefined };
}

function lastWriteMs(record: PromotedRecord, lines: Recorder["lines"], sinceMs: number): number | undefined {
  const promotedAt = electedAt(record, lines) ?? record.servingAt ?? Number.POSITIVE_INFINITY;
  const lastAt = record.writtenAt.findLast((atMs) => atMs < promotedAt);
  return lastAt === undefined ? undefined : Math.round(lastAt - sinceMs);
}

type PromotedRecord = ShardRecord & { readonly promotion: NonNullable<ShardRecord["promotion"]> };

function promotedMs({ phases }: ShardFailover): number {
  return phases.electedMs ?? phases.servingMs ?? Number.POSITIVE_INFINITY;
}

/** All events in the order of their moments, which is not that of their arrival. */
function timeline(events: readonly RecordedEvent[], sinceMs: number): readonly TimelineEvent[] {
  return events
    .toSorted((a, b) => a.atMs - b.atMs)
    .map(({ atMs, node, kind, text }) => ({ atMs: Math.round(atMs - sinceMs), node, kind, text }));
}
