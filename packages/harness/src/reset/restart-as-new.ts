import type { AddressTable } from "../clients/address-table.ts";
import type { NodeConnection } from "../clients/node-connection.ts";
import type { NodeContainer } from "../docker/node-container.ts";
import { RedisClusterError } from "../errors.ts";
import type { ManagedNode } from "../cluster/managed-node.ts";
import { log } from "../log.ts";
import { poll } from "../timing/retry.ts";

const POLL_MS = 5;

/**
 * Starts a node's container again as if for the first time, whatever state it is in: its files are written again, its
 * data is gone, and so is every packet filter, because the engine gives a container another network namespace at each
 * start. The node comes back as a replica that waits for its role. Resolves with its connection when it answers.
 *
 * An aborted restart settles only when the engine has answered the request that is under way, and it never leaves a
 * marked container that is not started: the mark would delete the node's data at a later restart.
 *
 * @param nodesConf what the node is to know of the cluster, if that differs from what it knew at first.
 * @throws RedisClusterError NODE_NOT_RUNNING if the container has been removed; ENGINE_FAILED; START_FAILED; or the
 * signal's reason.
 */
export async function restartAsNew(
  member: ManagedNode,
  addresses: AddressTable,
  signal: AbortSignal,
  nodesConf?: string,
): Promise<NodeConnection> {
  const { name } = member.plan;
  signal.throwIfAborted();
  await end(member.container, name);
  log("%s: ended, to be restarted as new", name);
  signal.throwIfAborted();
  await startMarked(member.container, name, nodesConf);
  signal.throwIfAborted();
  addresses.set(member.plan, await member.container.mappedAddress());
  // The connection may not have noticed yet that the old process is gone, and would report that it is ready.
  await poll(() => member.connection.text("PING"), { everyMs: POLL_MS, signal });
  log("%s: answers again", name);
  return member.connection;
}

/**
 * If the container runs already, somebody else has started it in the meantime, perhaps before the mark was there: that
 * process is ended too, because only a boot that finds the mark is a boot as new.
 */
async function startMarked(
  container: NodeContainer,
  name: string,
  nodesConf: string | undefined,
): Promise<void> {
  for (;;) {
    await container.setNextBoot("new", nodesConf);
    log("%s: marked", name);
    if ((await container.start()) === "started") break;
    await end(container, name);
  }
  log("%s: started", name);
}

async function end(container: NodeContainer, name: string): Promise<void> {
  const { status } = await container.state();
  if (status === "removed") {
    throw new RedisClusterError("NODE_NOT_RUNNING", `${name} is gone: its container was removed.`, {
      details: { node: name, status },
    });
  }
  if (status === "paused") await container.unpause();
  if (status === "running" || status === "paused" || status === "restarting") await container.kill("SIGKILL");
}
