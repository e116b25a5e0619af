import type { NodeConnection } from "../clients/node-connection.ts";
import type { Member, Members } from "../faults/member.ts";
import { formByReset } from "../formation/form-by-reset.ts";
import { orAborted } from "../lifecycle/deadline.ts";
import type { Baseline } from "./baseline.ts";
import { cleanNode } from "./clean-node.ts";
import type { Fingerprint } from "./fingerprint.ts";
import type { Found } from "./inspect.ts";
import { restartAsNew } from "./restart-as-new.ts";
import { ELECTION_LINE } from "./traces.ts";

/**
 * Starts the lost nodes anew, and those that have begun an election, as their logs say; meanwhile the others forget
 * each other and meet again. Gives the names of the nodes that were started.
 */
export async function mend(
  members: Members,
  before: Baseline,
  { now, lost }: Found,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { plan, all, addresses } = members;
  const restart = (member: Member): Promise<NodeConnection> => {
    const joining = restartAsNew(member, addresses, signal);
    // Heard where formation waits for it; until then the others come first.
    joining.catch(() => {});
    return joining;
  };
  const known = all.filter((_, index) => lost.has(index));
  const joining = known.map(restart);
  const unclear = all.filter((_, index) => !lost.has(index));
  const reading = unclear.map(({ runtime }) => runtime.logs({ since: before.at / 1_000 }));
  const logs = await orAborted(Promise.all(reading), signal);
  const candidates = unclear.filter((_, index) => ELECTION_LINE.test(logs[index] ?? ""));
  joining.push(...candidates.map(restart));
  const staying = unclear.filter((member) => !candidates.includes(member));
  // A primary with keys refuses to forget the others.
  await Promise.all(
    staying.map(({ connection, plan: { index } }) =>
      cleanNode(connection, before.fingerprints[index] as Fingerprint, now[index] as Fingerprint),
    ),
  );
  const epoch = Math.max(0, ...now.map((each) => each?.view.currentEpoch ?? 0));
  await formByReset(
    plan,
    staying.map(({ connection }) => connection),
    joining,
    epoch,
    signal,
  );
  return [...known, ...candidates].map(({ plan: { name } }) => name).toSorted();
}
