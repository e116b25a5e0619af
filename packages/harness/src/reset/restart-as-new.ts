import type { AddressTable } from "../clients/address-table.ts";
import type { NodeConnection } from "../clients/node-connection.ts";
import type { NodeRuntime } from "../docker/node-runtime.ts";
import { RedisClusterError } from "../errors.ts";
import type { Member } from "../faults/member.ts";
import { orAborted } from "../lifecycle/deadline.ts";
import { log } from "../lifecycle/log.ts";
import { poll } from "../lifecycle/poll.ts";

const POLL_MS = 5;

/**
 * Starts a node's container again as if for the first time, whatever state it is in: its files are written anew, its
 * data is gone, and so is every packet filter, as a container's network is made anew when it starts. It comes back as
 * a replica that waits to be told what to do, and gives its connection when it answers.
 *
 * @param nodesConf what it is to know of the cluster, where that is not what it knew at first.
 * @throws RedisClusterError NODE_NOT_RUNNING where the container has been removed.
 */
export async function restartAsNew(
  member: Member,
  addresses: AddressTable,
  signal: AbortSignal,
  nodesConf?: string,
): Promise<NodeConnection> {
  const { name } = member.plan;
  await orAborted(end(member.runtime, name), signal);
  log("%s: ended, to be started anew", name);
  await orAborted(member.runtime.mark("new", nodesConf), signal);
  log("%s: marked", name);
  await orAborted(member.runtime.start(), signal);
  log("%s: started", name);
  addresses.set(member.plan, await orAborted(member.runtime.mappedAddress(), signal));
  // The connection may not have noticed yet that the old process is gone, and would call itself ready.
  await poll(() => member.connection.text("PING"), { everyMs: POLL_MS, signal });
  log("%s: answers again", name);
  return member.connection;
}

async function end(runtime: NodeRuntime, name: string): Promise<void> {
  const { status } = await runtime.state();
  if (status === "removed") {
    throw new RedisClusterError("NODE_NOT_RUNNING", `${name} is gone: its container was removed.`, {
      details: { node: name, status },
    });
  }
  if (status === "paused") await runtime.unpause();
  if (status === "running" || status === "paused" || status === "restarting") await runtime.kill("SIGKILL");
}
