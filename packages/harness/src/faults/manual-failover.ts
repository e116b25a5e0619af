import { monotonicMs } from "../clock/real-time.ts";
import type { ClusterNodes } from "../cluster/cluster-nodes.ts";
import type { ManagedNode } from "../cluster/managed-node.ts";
import { messageOf, RedisClusterError } from "../errors.ts";
import { poll } from "../timing/retry.ts";
import { primariesWithSlots, findTooSmallElectorate } from "../view/automatic-failover.ts";
import { findDownReason } from "../view/cluster-state.ts";
import { parseNodeView, VIEW_COMMANDS } from "../view/node-view.ts";
import { parseInfo } from "../view/parse-info.ts";
import { readElectionCooldownMs } from "./election-cooldown.ts";
import type { FailoverMode } from "./options.generated.ts";

const POLL_MS = 10;
/** The server abandons a manual failover after 5 s and does not retry it (`CLUSTER_MF_TIMEOUT` in cluster.h). */
const SERVER_TIMEOUT_MS = 5_000;

/**
 * Promotes a replica to the primary of its shard. Resolves when it is the primary and executes commands, also if the other
 * primaries elect it themselves meanwhile. If the cluster is down for another reason, such as a second shard without a primary,
 * resolves after the promotion, because several takeovers in a row may be needed until the cluster is up.
 *
 * If the server abandons the request, it is sent again. If the replica would use the votes of an earlier election, the request is
 * sent only when the replica has forgotten them. If the signal is aborted, the error contains why the promotion has not happened.
 *
 * @param requireFailoverPossible throws if a primary has failed and the promotion can no longer get its votes.
 * @throws RedisClusterError INVALID_ARGUMENT if the node is a primary already.
 */
export async function promoteReplica(
  replica: ManagedNode,
  cluster: ClusterNodes,
  mode: FailoverMode,
  requireFailoverPossible: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { name } = replica.plan;
  let notBefore = Number.NEGATIVE_INFINITY;
  let pending = `${name} has not taken over yet`;
  let hasForgottenVotes = false;
  let primaryId: string | undefined;
  let isSmallCluster = false;
  const tryOnce = async (): Promise<void> => {
    const view = parseNodeView(name, await replica.connection.texts(VIEW_COMMANDS));
    isSmallCluster = findTooSmallElectorate(primariesWithSlots([view]).size) !== undefined;
    const entries = view.members;
    const self = entries.find((entry) => entry.self);
    if (self?.role === "primary") {
      if (primaryId === undefined)
        throw new RedisClusterError(
          "INVALID_ARGUMENT",
          `Invalid target of a failover: expected a replica, got ${name}, which is a primary.`,
        );
      const oldPrimary = entries.find(({ id }) => id === primaryId);
      // The other nodes follow the primary with the greater config epoch, and later this node will follow it, too.
      if (oldPrimary?.role === "primary" && oldPrimary.configEpoch >= self.configEpoch)
        throw new Error(
          `${name} promoted itself with an outdated config epoch, which the other nodes ignore`,
        );
      // A young process refuses commands for some time after its promotion. But if the view of the node contains another reason,
      // such as a second shard without a primary, waiting does not help.
      const requireFullCoverage = cluster.plan.requireFullCoverage === "yes";
      if (view.state !== "ok" && findDownReason(view, requireFullCoverage) === undefined)
        throw new Error(`${name} is the primary and refuses commands: its cluster_state is ${view.state}`);
      return;
    }
    primaryId = self?.primaryId;
    if (monotonicMs() < notBefore) throw new Error(pending);
    if (mode !== "takeover" && !hasForgottenVotes) {
      const cooldownMs = await readElectionCooldownMs(replica, cluster.plan.nodeTimeoutMs);
      hasForgottenVotes = true;
      if (cooldownMs > 0) {
        notBefore = monotonicMs() + cooldownMs;
        pending = `${name} has held an election recently, and would use its votes again for another ${Math.round(cooldownMs)} ms`;
        throw new Error(pending);
      }
    }
    if (mode === "graceful") await requireListedByPrimary(replica, cluster, primaryId);
    try {
      await replica.connection.text(
        "CLUSTER",
        "FAILOVER",
        ...(mode === "graceful" ? [] : [mode.toUpperCase()]),
      );
      hasForgottenVotes = false;
      notBefore = monotonicMs() + SERVER_TIMEOUT_MS;
      pending = `${name} has not taken over yet`;
    } catch (error) {
      // A replica rejects the request while it loads its data or its primary is unreachable. Later it may accept it.
      throw new Error(`${name} rejected the failover: ${messageOf(error)}`, { cause: error });
    }
    throw new Error(pending);
  };
  await poll(
    async () => {
      try {
        await tryOnce();
      } catch (error) {
        // Checked after each attempt, because a primary may fail, or be reported as failed, after the request was sent.
        if (isSmallCluster && mode !== "takeover" && !(error instanceof RedisClusterError)) {
          await requireFailoverPossible();
        }
        throw error;
      }
    },
    { everyMs: POLL_MS, signal },
  );
}

/**
 * Requires that the primary lists the replica as online. A graceful failover begins with a message to the primary, which ignores
 * it if the replica is not one of those that receive its stream.
 */
async function requireListedByPrimary(
  replica: ManagedNode,
  cluster: ClusterNodes,
  primaryId: string | undefined,
): Promise<void> {
  const { name, address, port } = replica.plan;
  const primary = cluster.nodes.find(({ plan }) => plan.id === primaryId);
  if (primary === undefined) throw new Error(`the primary of ${name} is not a node of this cluster`);
  const info = parseInfo(await readReplicationInfo(primary));
  const listed = [...info].filter(([field]) => /^slave\d+$/.test(field)).map(([, value]) => value);
  if (listed.some((each) => each.includes(`ip=${address},port=${port},`) && each.includes("state=online")))
    return;
  throw new Error(
    `${primary.plan.name} does not list ${name} (${address}:${port}) as an online replica; ` +
      (listed.length === 0 ? "it lists no replica" : `it lists ${listed.join(" and ")}`),
  );
}

async function readReplicationInfo({ plan, connection }: ManagedNode): Promise<string> {
  try {
    return await connection.text("INFO", "replication");
  } catch (cause) {
    throw new Error(
      `its primary ${plan.name} does not answer: use mode "force", which does not need the consent of the primary`,
      { cause },
    );
  }
}
