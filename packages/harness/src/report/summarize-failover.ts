import type { TimelineEvent } from "../failover/failover.ts";
import type { LedgerVerdict, ReportShard } from "./report-data.ts";
import { formatPrimaries } from "./labels.ts";

/** What happened, in a sentence for each shard and one for the writes. */
export function summarizeFailover(
  shards: readonly ReportShard[],
  verdict: LedgerVerdict | undefined,
  events: readonly TimelineEvent[],
): readonly string[] {
  return [
    ...shards.flatMap((shard) => [sentenceFor(shard, events), ...lateWrites(shard)]),
    writesSentence(verdict),
  ];
}

function sentenceFor(shard: ReportShard, events: readonly TimelineEvent[]): string {
  const { failed, promoted, phases } = shard;
  const tookOverMs = phases.electedMs ?? phases.servingMs;
  const after = tookOverMs === undefined ? "" : ` after ${tookOverMs} ms`;
  const writes =
    phases.recoveredMs === undefined
      ? "no write to it was acknowledged since"
      : `writes were acknowledged again at ${phases.recoveredMs} ms`;
  if (shard.promotions.length > 1) {
    const chain = formatPrimaries(shard);
    const end = failed === promoted ? `${failed} is primary again` : `${promoted} is the primary`;
    return `Shard ${shard.shard} failed over ${shard.promotions.length} times: ${chain}. ${end}${after}; ${writes}.`;
  }
  if (shard.manual) {
    return `${promoted} took shard ${shard.shard} over from ${failed} on request${after}; ${writes}.`;
  }
  const died = events.some(({ node, kind }) => node === failed && kind === "silent");
  const fate = died ? "went silent" : "was declared dead";
  return `${failed}, the primary of shard ${shard.shard}, ${fate}. ${promoted} took over${after}; ${writes}.`;
}

/** The split brain, if there was one. */
function lateWrites({ failed, promotions, acknowledgedByOldPrimary: late }: ReportShard): readonly string[] {
  if (late.count === 0) return [];
  const old = promotions.at(-2)?.name ?? failed;
  const writes = late.count === 1 ? "1 write" : `${late.count} writes`;
  return [`${old} acknowledged ${writes} after the promotion, the last at ${late.lastMs} ms.`];
}

function writesSentence(verdict: LedgerVerdict | undefined): string {
  if (verdict === undefined) return "No workload ran, so nothing is known of lost writes.";
  const { lost, stale, duplicated, refusedPresent, acknowledged } = verdict;
  const faults = [
    ...part(stale.count, "value went back", "values went back"),
    ...part(duplicated.count, "was applied too often", "were applied too often"),
    ...part(refusedPresent, "refused one is there", "refused ones are there"),
  ];
  const more = faults.length === 0 ? "" : `; ${faults.join(", ")}`;
  const gone = lost.count === 0 ? "none was lost" : `${lost.count} ${lost.count === 1 ? "was" : "were"} lost`;
  return `Of ${acknowledged} acknowledged writes ${gone}${more}.`;
}

function part(count: number, one: string, many: string): readonly string[] {
  return count === 0 ? [] : [`${count} ${count === 1 ? one : many}`];
}
