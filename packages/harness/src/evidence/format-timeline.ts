import { formatFailover } from "../failover/format-failover.ts";
import type { HistoryView } from "./cluster-history.ts";

interface Entry {
  readonly at: number;
  readonly text: string;
}

/**
 * Formats the history of a cluster in chronological order, one line for each event, with the milliseconds since the start of the
 * history. The phases of each failover follow.
 */
export function formatTimeline(history: HistoryView): string {
  const entries: readonly Entry[] = [
    { at: history.since, text: "history   started" },
    ...history.faults.flatMap(({ since, healedAt, kind, description }) => [
      { at: since, text: `fault     ${kind}: ${description}` },
      ...(healedAt === undefined ? [] : [{ at: healedAt, text: `healed    ${kind}: ${description}` }]),
    ]),
    ...history.failovers.flatMap(({ since, events }) =>
      events.map(({ atMs, node, text }) => ({ at: since + atMs, text: `failover  ${node}: ${text}` })),
    ),
    ...history.ledgers.flatMap((ledger) => [
      { at: ledger.startedAt, text: `workload  started, seed ${ledger.seed}` },
      {
        at: ledger.stoppedAt,
        text: `workload  stopped: ${ledger.acknowledged} of ${ledger.attempts} writes acknowledged, ${ledger.lost.length} lost`,
      },
    ]),
    ...history.errors.map(({ at, phase, code, message }) => ({
      at,
      text: `error     ${phase}: ${code === undefined ? "" : `${code} `}${message.split("\n")[0]}`,
    })),
  ];
  const lines = entries
    .toSorted((a, b) => a.at - b.at)
    .map(({ at, text }) => `${new Date(at).toISOString()} ${formatOffset(at - history.since)}  ${text}`);
  const dropped = Object.entries(history.dropped)
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => `${count} older ${kind} were dropped.`);
  const failovers = history.failovers.map((failover) => `\n${formatFailover(failover)}`);
  return `${[...dropped, ...lines, ...failovers].join("\n")}\n`;
}

function formatOffset(ms: number): string {
  return `${ms < 0 ? "-" : "+"}${Math.abs(Math.round(ms))} ms`.padStart(12);
}
