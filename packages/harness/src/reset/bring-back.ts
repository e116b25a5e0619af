import type { Members } from "../faults/member.ts";
import { rejoin } from "../formation/rejoin.ts";
import { orAborted } from "../lifecycle/deadline.ts";
import { renderReturningNodesConf } from "../plan/node-files.ts";
import type { Baseline } from "./baseline.ts";
import type { Found } from "./inspect.ts";
import { restartAsNew } from "./restart-as-new.ts";
import { ELECTION_LINE } from "./traces.ts";

/**
 * Starts the lost nodes anew, with the knowledge of the cluster that goes on, and takes them back into it. Gives their
 * names. Rejects where one of the others has begun an election, as its log says: it may go by its votes later.
 */
export async function bringBack(
  members: Members,
  before: Baseline,
  { now, lost }: Found,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { plan, all, addresses } = members;
  const epoch = Math.max(0, ...now.map((each) => each?.view.currentEpoch ?? 0));
  const coming = all.filter((_, index) => lost.has(index));
  const returning = coming.map((member, index) => {
    // Each claims the epoch after the one that it starts with.
    const nodesConf = renderReturningNodesConf(member.plan, plan.nodes, plan.shards, epoch + index);
    const starting = restartAsNew(member, addresses, signal, nodesConf);
    starting.catch(() => {});
    return starting;
  });
  const staying = all.filter((_, index) => !lost.has(index));
  const reading = staying.map(({ runtime }) => runtime.logs({ since: before.at / 1_000 }));
  const logs = await orAborted(Promise.all(reading), signal);
  const candidate = staying.find((_, index) => ELECTION_LINE.test(logs[index] ?? ""));
  if (candidate !== undefined) {
    await Promise.all(returning);
    throw new Error(`${candidate.plan.name} has planned an election`);
  }
  await rejoin(
    plan,
    staying.map(({ connection }) => connection),
    returning,
    signal,
  );
  return coming.map(({ plan: { name } }) => name);
}
