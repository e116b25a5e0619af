import type { TimelineEvent } from "../failover/failover.ts";
import type { LedgerVerdict, ReportShard } from "./report-data.ts";
import { formatPrimaries } from "./labels.ts";

/** Describes what happened: one or two sentences for each shard, and one for the writes. */
export function summarizeFailover(
  shards: readonly ReportShard[],
  verdict: LedgerVerdict | undefined,
  events: readonly TimelineEvent[],
): readonly string[] {
  return [
    ...shards.flatMap((shard) => [describeShard(shard, events), ...describeLateWrites(shard)]),
    describeWrites(verdict),
  ];
}

function describeShard(shard: ReportShard, events: readonly TimelineEvent[]): string {
  const { failed, promoted, phases } = shard;
  const promotedMs = phases.electedMs ?? phases.servingMs;
  const after = promotedMs === undefined ? "" : ` after ${promotedMs} ms`;
  const writes =
    phases.recoveredMs === undefined
      ? "no write to the shard was acknowledged afterwards"
      : `writes were acknowledged again at ${phases.recoveredMs} ms`;
  if (shard.promotions.length > 1) {
    const chain = formatPrimaries(shard);
    const end = failed === promoted ? `${failed} is primary again` : `${promoted} is the primary`;
    return `Shard ${shard.shard} failed over ${shard.promotions.length} times: ${chain}. ${end}${after}; ${writes}.`;
  }
  if (shard.manual) {
    return `${promoted} took over shard ${shard.shard} from ${failed} in a manual failover${after}; ${writes}.`;
  }
  const isSilent = events.some(({ node, kind }) => node === failed && kind === "silent");
  const failure = isSilent ? "stopped answering" : "was declared dead";
  return `${failed}, the primary of shard ${shard.shard}, ${failure}. ${promoted} took over${after}; ${writes}.`;
}

/** Describes the split brain, if there was one. */
function describeLateWrites({
  failed,
  promotions,
  acknowledgedByOldPrimary: late,
}: ReportShard): readonly string[] {
  if (late.count === 0) return [];
  const old = promotions.at(-2)?.name ?? failed;
  const writes = late.count === 1 ? "1 write" : `${late.count} writes`;
  return [`${old} acknowledged ${writes} after the promotion, the last at ${late.lastMs} ms.`];
}

function describeWrites(verdict: LedgerVerdict | undefined): string {
  if (verdict === undefined) return "No workload ran, so it is unknown whether writes were lost.";
  const { lost, stale, duplicated, refusedPresent, acknowledged } = verdict;
  const otherFindings = [
    ...countOf(stale.count, "outdated value was read", "outdated values were read"),
    ...countOf(duplicated.count, "was applied too often", "were applied too often"),
    ...countOf(refusedPresent, "rejected write is present", "rejected writes are present"),
  ];
  const more = otherFindings.length === 0 ? "" : `; ${otherFindings.join(", ")}`;
  const losses =
    lost.count === 0 ? "none was lost" : `${lost.count} ${lost.count === 1 ? "was" : "were"} lost`;
  return `Of ${acknowledged} acknowledged writes, ${losses}${more}.`;
}

function countOf(count: number, singular: string, plural: string): readonly string[] {
  return count === 0 ? [] : [`${count} ${count === 1 ? singular : plural}`];
}
