import type { Cluster } from "ioredis";
import { AddressTable } from "../clients/address-table.ts";
import { closeCluster, connectCluster } from "../clients/cluster-client.ts";
import { NodeConnection } from "../clients/node-connection.ts";
import { OpenClients } from "../clients/open-clients.ts";
import { ClusterNetwork } from "../docker/cluster-network.ts";
import { findEngine } from "../docker/engine.ts";
import { NodeContainer } from "../docker/node-container.ts";
import { LateFaults } from "../faults/late-faults.ts";
import { CleanupStack } from "../cleanup/cleanup-stack.ts";
import { abortable } from "../timing/deadline.ts";
import { type WaitOptions, startCallDeadline } from "../timing/call-deadline.ts";
import type { HostAndPort } from "../plan/cluster-plan.ts";
import { EVIDENCE_VARIABLE } from "../plan/cluster-options.ts";
import { RemoteSharing } from "../sharing/remote-sharing.ts";
import type { SharedCluster } from "../sharing/shared-cluster.ts";
import { ClusterHandle } from "../handle/cluster-handle.ts";
import type { StartedRedisCluster } from "../handle/started-redis-cluster.ts";
import { guardAgainstDeath } from "./guard-against-death.ts";
import { monotonicMs } from "../clock/real-time.ts";

/** Reaching a cluster that is there takes milliseconds. */
const TIMEOUT_MS = 10_000;

/**
 * The whole handle of a cluster that another process on this machine started and gave away with `share()`: clients,
 * faults, observation, workloads, reset and lease. It waits until the cluster takes its client in, which one that
 * somebody is breaking does not.
 *
 * `stop()` it, or hold it with `await using`: that takes its faults back and closes what it opened; the cluster ends with
 * the process that started it. Faults are known to the handle that applied them; `reset()` of any handle also starts
 * those nodes anew whose networks another one left with a fault. Where this process dies, what it made for a fault is
 * removed as after {@link startRedisCluster}.
 *
 * @param options default time limit: 10 000 ms, times the cluster's time scale.
 * @throws RedisClusterError CLUSTER_STOPPED when the process that started it is gone or does not answer; NO_DOCKER;
 * REAPER_UNAVAILABLE; ENGINE_FAILED; START_FAILED where a node that runs is not published; WAIT_TIMEOUT; WAIT_ABORTED;
 * INVALID_ARGUMENT for a time limit that is none. Nothing is left open then.
 */
export async function connectRedisCluster(
  shared: SharedCluster,
  options: WaitOptions = {},
): Promise<StartedRedisCluster> {
  const { cluster } = await openHandle(shared, options, true);
  return cluster;
}

/**
 * The same, whatever state the cluster is in: its `client` is not connected. For one who takes the lease and resets the
 * cluster before anything else, which puts a connected one in its place.
 */
export async function attachRedisCluster(
  shared: SharedCluster,
  options: WaitOptions = {},
): Promise<ClusterHandle> {
  return await openHandle(shared, options, false);
}

async function openHandle(
  shared: SharedCluster,
  options: WaitOptions,
  connected: boolean,
): Promise<ClusterHandle> {
  const begun = monotonicMs();
  const { plan, access } = shared;
  using deadline = startCallDeadline(`Connecting to ${shared.redisCluster}`, options, {
    timeoutMs: TIMEOUT_MS,
    timeScale: plan.timeScale,
  });
  const { signal } = deadline;
  const sharing = new RemoteSharing(shared);
  // Whether the owner is there at all, before anything is opened.
  await abortable(sharing.baseline(signal), signal);
  const engine = await abortable(findEngine(), signal);
  const containers = plan.nodes.map(
    (node, index) => new NodeContainer(engine, node, shared.containerIds[index] ?? ""),
  );
  const mapped = await abortable(Promise.all(containers.map(presentAddress)), signal);
  const addresses = new AddressTable();
  const cleanup = new CleanupStack();
  try {
    // A handle makes helper containers, which carry its own process's labels.
    await guardAgainstDeath(engine, cleanup);
    const connections = plan.nodes.map((node, index) => {
      const address = mapped[index];
      if (address !== undefined) addresses.set(node, address);
      const connection = new NodeConnection(node, addresses, access, plan.timeScale);
      cleanup.add("connections", `the connection to ${node.name}`, () => connection.close());
      return connection;
    });
    const clients = new OpenClients<Cluster>();
    cleanup.add("clients", "the client", async () => {
      await Promise.all(clients.close().map(closeCluster));
    });
    const overrides = { lazyConnect: !connected };
    const client = await connectCluster(plan, addresses, access, overrides, signal, clients.track);
    const tookMs = monotonicMs() - begun;
    return new ClusterHandle({
      engine,
      plan,
      network: new ClusterNetwork(engine, plan.network, shared.networkId),
      client,
      clients,
      addresses,
      access,
      containers,
      connections,
      lateFaults: new LateFaults(plan.timeScale),
      cleanup,
      sharing,
      evidenceDir: shared.evidenceDir ?? (process.env[EVIDENCE_VARIABLE] || undefined),
      startup: { ...NOTHING_STARTED, clientsMs: tookMs, totalMs: tookMs },
    });
  } catch (error) {
    await cleanup.run();
    throw error;
  }
}

/** Where a node is published; undefined where it does not run, or ends at this moment: somebody may be breaking it. */
async function presentAddress(container: NodeContainer): Promise<HostAndPort | undefined> {
  const runs = async (): Promise<boolean> => (await container.state()).status === "running";
  if (!(await runs())) return undefined;
  return await container.mappedAddress().catch(async (error: unknown) => {
    if (await runs()) throw error;
    return undefined;
  });
}

const NOTHING_STARTED = {
  prepareMs: 0,
  networkMs: 0,
  containersMs: 0,
  formationMs: 0,
  seedMs: 0,
  way: "connected",
  fellBackBecause: undefined,
  hardeningDroppedBecause: undefined,
} as const;
