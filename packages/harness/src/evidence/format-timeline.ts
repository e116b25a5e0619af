import { formatFailover } from "../failover/format-failover.ts";
import type { HistoryView } from "./cluster-history.ts";

interface Moment {
  readonly at: number;
  readonly text: string;
}

/**
 * What happened on a cluster, a line for each moment in the order of time, with the milliseconds since the history
 * began. Below it the phases of each failover.
 */
export function formatTimeline(history: HistoryView): string {
  const moments: readonly Moment[] = [
    { at: history.since, text: "history   begins" },
    ...history.faults.flatMap(({ since, healedAt, kind, description }) => [
      { at: since, text: `fault     ${kind}: ${description}` },
      ...(healedAt === undefined ? [] : [{ at: healedAt, text: `healed    ${kind}: ${description}` }]),
    ]),
    ...history.failovers.flatMap(({ since, events }) =>
      events.map(({ atMs, node, text }) => ({ at: since + atMs, text: `failover  ${node}: ${text}` })),
    ),
    ...history.ledgers.flatMap((ledger) => [
      { at: ledger.startedAt, text: `workload  begins, seed ${ledger.seed}` },
      {
        at: ledger.stoppedAt,
        text: `workload  ended: ${ledger.acknowledged} of ${ledger.attempts} writes acknowledged, ${ledger.lost.length} lost`,
      },
    ]),
    ...history.errors.map(({ at, phase, code, message }) => ({
      at,
      text: `error     ${phase}: ${code === undefined ? "" : `${code} `}${message.split("\n")[0]}`,
    })),
  ];
  const lines = moments
    .toSorted((a, b) => a.at - b.at)
    .map(({ at, text }) => `${new Date(at).toISOString()} ${offset(at - history.since)}  ${text}`);
  const dropped = Object.entries(history.dropped)
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => `${count} older ${kind} were not kept.`);
  const failovers = history.failovers.map((failover) => `\n${formatFailover(failover)}`);
  return `${[...dropped, ...lines, ...failovers].join("\n")}\n`;
}

function offset(ms: number): string {
  return `${ms < 0 ? "-" : "+"}${Math.abs(Math.round(ms))} ms`.padStart(12);
}
