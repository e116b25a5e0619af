import { RedisClusterError, summarize } from "../errors.ts";
import { orAborted } from "../lifecycle/deadline.ts";
import { poll } from "../lifecycle/poll.ts";
import { readClusterView } from "../observation/read-views.ts";
import type { ClusterView } from "../view/cluster-view.ts";
import type { Member, Members } from "./member.ts";

const POLL_MS = 20;

/**
 * Starts a node again, or stops it gracefully and starts it where it runs, and waits until it is back: it answers,
 * has loaded its data, every node that answers has a link to it and flags nothing, as a replica it is in sync, and
 * unless other nodes are away the cluster is whole again.
 */
export async function restartNode(
  member: Member,
  members: Members,
  data: "kept" | "wiped",
  signal: AbortSignal,
): Promise<void> {
  const { status } = await orAborted(member.runtime.state(), signal);
  if (status === "removed") {
    throw new RedisClusterError(
      "NODE_NOT_RUNNING",
      `${member.plan.name} cannot be restarted: its container was removed.`,
      { details: { node: member.plan.name, status } },
    );
  }
  if (status === "paused") await orAborted(member.runtime.unpause(), signal);
  if (status !== "exited") await orAborted(member.runtime.kill("SIGTERM"), signal);
  if (data === "wiped") await orAborted(member.runtime.mark("wipe"), signal);
  await orAborted(member.runtime.start(), signal);
  members.addresses.set(member.plan, await orAborted(member.runtime.mappedAddress(), signal));
  await waitUntilBack(member, members, signal);
}

/** Waits until a node that runs again is a full member of the cluster again. */
async function waitUntilBack(member: Member, members: Members, signal: AbortSignal): Promise<void> {
  await member.connection.ready(signal);
  await poll(
    async () => {
      const view = await readClusterView(
        members.plan,
        members.all.map(({ connection }) => connection),
      );
      const problem = whyNotBack(member, view);
      if (problem !== undefined) throw new Error(problem);
    },
    { everyMs: POLL_MS, signal },
  );
}

/**
 * A slot in migration is the user's own doing and keeps nobody away. Where other nodes are away at the same time,
 * the cluster as a whole may be down for good, and only what concerns this node counts.
 */
function whyNotBack(member: Member, view: ClusterView): string | undefined {
  const { name, id } = member.plan;
  const own = view.views.find(({ node }) => node === name);
  if (own?.kind !== "answered") return `${name} does not answer`;
  if (!view.members.some((each) => each.id === id)) return `nobody knows ${name}`;
  const othersAreAway = view.views.some(({ kind }) => kind === "silent");
  const inTheWay = view.disagreements.filter(
    ({ kind, about }) => kind !== "open-slot" && !(othersAreAway && (about !== name || kind === "state")),
  );
  return inTheWay.length === 0 ? undefined : summarize(inTheWay.map(({ message }) => message));
}
