import type { AddressTable } from "../clients/address-table.ts";
import type { NodeConnection } from "../clients/node-connection.ts";
import type { NodeContainer } from "../docker/node-container.ts";
import { RedisClusterError } from "../errors.ts";
import type { ManagedNode } from "../cluster/managed-node.ts";
import { log } from "../log.ts";
import { poll } from "../timing/retry.ts";

const POLL_MS = 5;

/**
 * Restarts the container of a node as if for the first time, whatever state the container is in. The files of the node are
 * written again and its data is deleted. Packet filters are gone as well, because the engine gives a container another network
 * namespace at each start. The node boots as a replica that waits for its role. Resolves with its connection when the node
 * answers.
 *
 * An aborted restart settles only when the engine has answered the pending request. It never leaves a stopped container for which
 * the next boot is marked as new: the mark would delete the data of the node at a later restart.
 *
 * @param nodesConf the `nodes.conf` with which the node boots. @default the one of its first boot
 * @throws RedisClusterError NODE_NOT_RUNNING if the container was removed.
 * @throws RedisClusterError ENGINE_FAILED if the engine rejects a request.
 * @throws RedisClusterError START_FAILED if the container cannot be started.
 * @throws the signal's reason.
 */
export async function restartAsNew(
  { plan, container, connection }: ManagedNode,
  addresses: AddressTable,
  signal: AbortSignal,
  nodesConf?: string,
): Promise<NodeConnection> {
  const { name } = plan;
  signal.throwIfAborted();
  await kill(container, name);
  log("%s: stopped, to restart it as new", name);
  signal.throwIfAborted();
  await startAsNew(container, name, nodesConf);
  signal.throwIfAborted();
  addresses.set(plan, await container.publishedAddress());
  // The connection may not have noticed yet that the old process has ended, and would still report that it is ready.
  await poll(() => connection.text("PING"), { everyMs: POLL_MS, signal });
  log("%s: answers again", name);
  return connection;
}

/**
 * Marks the next boot as new and starts the container. If the container already runs, another process has started it meanwhile,
 * perhaps before the mark was set. It is killed and started again, because only a boot that finds the mark is a boot as new.
 */
async function startAsNew(
  container: NodeContainer,
  name: string,
  nodesConf: string | undefined,
): Promise<void> {
  for (;;) {
    await container.setNextBoot("new", nodesConf);
    log("%s: marked to boot as new", name);
    if ((await container.start()) === "started") break;
    await kill(container, name);
  }
  log("%s: started", name);
}

async function kill(container: NodeContainer, name: string): Promise<void> {
  const { status } = await container.state();
  if (status === "removed") {
    throw new RedisClusterError("NODE_NOT_RUNNING", `Failed to restart ${name}: its container was removed.`, {
      details: { node: name, status },
    });
  }
  if (status === "paused") await container.unpause();
  if (status === "running" || status === "paused" || status === "restarting") await container.kill("SIGKILL");
}
