import { messageOf, RedisClusterError } from "../errors.ts";
import { poll } from "../lifecycle/poll.ts";
import { primariesWithSlots, tooSmallToFailOver } from "../view/automatic-failover.ts";
import { whyDown } from "../view/cluster-state.ts";
import { nodeViewOf, VIEW_QUESTIONS } from "../view/node-view.ts";
import { parseInfo } from "../view/parse-info.ts";
import { votesKeptMs } from "./kept-votes.ts";
import type { Member, Members } from "./member.ts";
import { monotonicMs } from "../clock/real-time.ts";

/**
 * How a replica takes over: `graceful`, in agreement with its live primary, losing nothing; `force`, with the votes
 * of the other primaries but not its own primary's consent; `takeover`, with nobody's.
 */
export type FailoverMode = "graceful" | "force" | "takeover";

export const FAILOVER_MODES: readonly FailoverMode[] = ["graceful", "force", "takeover"];

const POLL_MS = 10;
/** The server gives a manual failover up after 5 s and does not try again (`CLUSTER_MF_TIMEOUT` in cluster.h). */
const SERVER_LIMIT_MS = 5_000;

/**
 * Makes a replica the primary of its shard, and waits until it is and executes commands, also if the others elect it by
 * themselves meanwhile. If the cluster is down for another reason, such as a second shard without a primary, the promotion
 * is all that is waited for: several takeovers in a row may be what ends that. A manual failover that the server forgets is asked for again, and one that cannot work says why. A
 * replica that would count the votes of an earlier election again is asked once it has forgotten them.
 *
 * @param refuseHopeless throws if a primary has failed and the promotion can no longer get its votes.
 */
export async function failOver(
  replica: Member,
  members: Members,
  mode: FailoverMode,
  refuseHopeless: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { name } = replica.plan;
  let notBefore = Number.NEGATIVE_INFINITY;
  let pending = `${name} has not taken over yet`;
  let votesForgotten = false;
  let primaryId: string | undefined;
  let isSmall = false;
  const tryOnce = async (): Promise<void> => {
    const view = nodeViewOf(name, await replica.connection.texts(VIEW_QUESTIONS));
    isSmall = tooSmallToFailOver(primariesWithSlots([view]).size) !== undefined;
    const entries = view.members;
    const self = entries.find((each) => each.self);
    if (self?.role === "primary") {
      if (primaryId === undefined)
        throw new RedisClusterError(
          "INVALID_ARGUMENT",
          `Invalid target of a failover: expected a replica, got ${name}, which is a primary.`,
        );
      const before = entries.find(({ id }) => id === primaryId);
      // The others go on with the greater epoch, and this node will follow them.
      if (before?.role === "primary" && before.configEpoch >= self.configEpoch)
        throw new Error(`${name} promoted itself at an epoch that the others have left behind`);
      // A young process refuses commands for a while after its promotion. If its own view tells why it is down, such as
      // another shard without a primary, nothing that could be waited for here changes that.
      const coverage = members.plan.requireFullCoverage === "yes";
      if (view.state !== "ok" && whyDown(view, coverage) === undefined)
        throw new Error(`${name} is the primary and refuses commands: its cluster_state is ${view.state}`);
      return;
    }
    primaryId = self?.primaryId;
    if (monotonicMs() < notBefore) throw new Error(pending);
    if (mode !== "takeover" && !votesForgotten) {
      const keptMs = await votesKeptMs(replica, members.plan.nodeTimeoutMs);
      votesForgotten = true;
      if (keptMs > 0) {
        notBefore = monotonicMs() + keptMs;
        pending = `${name} held an election a moment ago, and would go by its votes again for ${Math.round(keptMs)} ms`;
        throw new Error(pending);
      }
    }
    if (mode === "graceful") await primaryListsReplica(replica, members, primaryId);
    try {
      await replica.connection.text(
        "CLUSTER",
        "FAILOVER",
        ...(mode === "graceful" ? [] : [mode.toUpperCase()]),
      );
      votesForgotten = false;
      notBefore = monotonicMs() + SERVER_LIMIT_MS;
      pending = `${name} has not taken over yet`;
    } catch (error) {
      // A replica that loads its data, or whose primary is away, refuses: it may be able to a moment later.
      throw new Error(`${name} refuses: ${messageOf(error)}`, { cause: error });
    }
    throw new Error(pending);
  };
  await poll(
    async () => {
      try {
        await tryOnce();
      } catch (error) {
        // A primary may fail, or be missed by others, only after the promotion was requested.
        if (isSmall && mode !== "takeover" && !(error instanceof RedisClusterError)) await refuseHopeless();
        throw error;
      }
    },
    { everyMs: POLL_MS, signal },
  );
}

/**
 * A graceful failover begins with a message to the primary, which forgets it where it does not list the replica
 * among those that stream from it.
 */
async function primaryListsReplica(
  replica: Member,
  members: Members,
  primaryId: string | undefined,
): Promise<void> {
  const { name, address, port } = replica.plan;
  const primary = members.all.find(({ plan }) => plan.id === primaryId);
  if (primary === undefined) throw new Error(`${name} follows no node of this cluster`);
  const info = parseInfo(await askPrimary(primary));
  const listed = [...info].filter(([field]) => /^slave\d+$/.test(field)).map(([, value]) => value);
  if (listed.some((each) => each.includes(`ip=${address},port=${port},`) && each.includes("state=online")))
    return;
  throw new Error(
    `${primary.plan.name} does not list ${name} (${address}:${port}) as a replica that is online; ` +
      (listed.length === 0 ? "it lists no replica" : `it lists ${listed.join(" and ")}`),
  );
}

async function askPrimary({ plan, connection }: Member): Promise<string> {
  try {
    return await connection.text("INFO", "replication");
  } catch (cause) {
    throw new Error(
      `${plan.name}, its primary, does not answer: use mode "force", which does without its consent`,
      { cause },
    );
  }
}
