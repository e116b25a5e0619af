import { AddressTable } from "./clients/address-table.ts";
import { connectCluster } from "./clients/cluster-client.ts";
import { NodeConnection } from "./clients/node-connection.ts";
import { ClusterNetwork } from "./docker/cluster-network.ts";
import { findEngine } from "./docker/engine.ts";
import { NodeRuntime } from "./docker/node-runtime.ts";
import { CleanupStack } from "./lifecycle/cleanup-stack.ts";
import { orAborted } from "./lifecycle/deadline.ts";
import { type WaitOptions, waitDeadline } from "./lifecycle/wait.ts";
import { EVIDENCE_VARIABLE } from "./plan/validate-options.ts";
import { RemoteSharing } from "./sharing/remote-sharing.ts";
import type { SharedCluster } from "./sharing/shared-cluster.ts";
import { StartedRedisCluster } from "./started-redis-cluster.ts";

/** Reaching a cluster that is there takes milliseconds. */
const TIMEOUT_MS = 10_000;

/**
 * The whole handle of a cluster that another process on this machine started and gave away with `share()`: clients,
 * faults, observation, workloads, reset and lease. Its `stop()` closes only what this handle opened; the cluster ends
 * with the process that started it. Faults are known to the handle that applied them; `reset()` of any handle takes
 * back those of all.
 *
 * @throws RedisClusterError CLUSTER_STOPPED when its owner is gone; NODE_NOT_RUNNING; WAIT_TIMEOUT; WAIT_ABORTED; NO_DOCKER.
 */
export async function connectRedisCluster(
  shared: SharedCluster,
  options: WaitOptions = {},
): Promise<StartedRedisCluster> {
  const begun = performance.now();
  const { plan, access } = shared;
  using deadline = waitDeadline(`Connecting to ${shared.redisCluster}`, options, {
    timeoutMs: TIMEOUT_MS,
    timeScale: plan.timeScale,
  });
  const sharing = new RemoteSharing(shared);
  // Whether the owner is there at all, before anything is opened.
  await orAborted(sharing.baseline(deadline.signal), deadline.signal);
  const engine = await orAborted(findEngine(), deadline.signal);
  const addresses = new AddressTable();
  const runtimes = plan.nodes.map(
    (node, index) => new NodeRuntime(engine, node, shared.containerIds[index] ?? ""),
  );
  await orAborted(
    Promise.all(
      runtimes.map(async (runtime, index) => {
        const node = plan.nodes[index];
        if (node !== undefined && (await runtime.state()).status === "running") {
          addresses.set(node, await runtime.mappedAddress());
        }
      }),
    ),
    deadline.signal,
  );
  const cleanup = new CleanupStack();
  const connections = plan.nodes.map((node) => {
    const connection = new NodeConnection(node, addresses, access);
    cleanup.add(`the connection to ${node.name}`, () => connection.close());
    return connection;
  });
  try {
    const client = await connectCluster(plan, addresses, access, undefined, deadline.signal);
    const tookMs = performance.now() - begun;
    return new StartedRedisCluster({
      engine,
      plan,
      network: new ClusterNetwork(engine, plan.network, shared.networkId),
      client,
      addresses,
      access,
      runtimes,
      connections,
      cleanup,
      sharing,
      evidenceDir: process.env[EVIDENCE_VARIABLE] || undefined,
      startup: { ...NOTHING_STARTED, clientsMs: tookMs, totalMs: tookMs },
    });
  } catch (error) {
    await cleanup.run();
    throw error;
  }
}

const NOTHING_STARTED = {
  prepareMs: 0,
  networkMs: 0,
  containersMs: 0,
  formationMs: 0,
  way: "connected",
  fellBackBecause: undefined,
} as const;
