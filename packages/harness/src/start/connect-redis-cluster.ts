import { AbandonedWork } from "../cluster/abandoned-work.ts";
import type { Cluster } from "ioredis";
import { AddressTable } from "../clients/address-table.ts";
import { closeCluster, connectCluster } from "../clients/cluster-client.ts";
import { NodeConnection } from "../clients/node-connection.ts";
import { OpenClients } from "../clients/open-clients.ts";
import { clusterNetwork } from "../docker/cluster-network.ts";
import { findEngine } from "../docker/engine.ts";
import { NodeContainer } from "../docker/node-container.ts";
import { LateFaults } from "../faults/late-faults.ts";
import { CleanupStack } from "../cleanup/cleanup-stack.ts";
import { abortable } from "../timing/deadline.ts";
import { type WaitOptions, startCallDeadline } from "../timing/call-deadline.ts";
import type { HostAndPort, NodePlan } from "../plan/cluster-plan.ts";
import { EVIDENCE_VARIABLE } from "../plan/cluster-options.ts";
import { RemoteSharing } from "../sharing/remote-sharing.ts";
import type { SharedCluster } from "../sharing/shared-cluster.ts";
import { ClusterHandle } from "../handle/cluster-handle.ts";
import type { StartedRedisCluster } from "../handle/started-redis-cluster.ts";
import { monotonicMs } from "../clock/real-time.ts";
import { watchStops } from "./watch-stops.ts";
import { ensureCrashCleanup } from "./ensure-crash-cleanup.ts";

/** Connecting to a running cluster takes milliseconds. */
const TIMEOUT_MS = 10_000;

/**
 * Connects to a cluster that another process on this machine started and shared with `share()`. The returned handle is complete:
 * clients, faults, observation, workloads, reset and lease. Resolves when its client is connected. That may be impossible while
 * another handle breaks the cluster.
 *
 * Close the handle with `stop()` or `await using`. That reverts its faults and closes its connections. The cluster itself ends
 * with the process that started it. A handle knows only its own faults; but a `reset()` of any handle also restarts the nodes in
 * whose networks another handle left a fault. If this process dies, everything that it created for a fault is removed, as after
 * {@link startRedisCluster}.
 *
 * @param shared the result of `share()`.
 * @param options `timeoutMs`: the timeout in milliseconds, times the time scale of the cluster. @default 10 000
 * @returns the handle. If the call rejects, nothing is left open.
 * @throws RedisClusterError CLUSTER_STOPPED if the process that started the cluster has ended or does not answer.
 * @throws RedisClusterError NO_DOCKER if no Docker engine answers.
 * @throws RedisClusterError REAPER_UNAVAILABLE if Testcontainers' reaper does not start.
 * @throws RedisClusterError ENGINE_FAILED if the engine rejects a request.
 * @throws RedisClusterError START_FAILED if a running node does not publish its port.
 * @throws RedisClusterError WAIT_TIMEOUT if the timeout passes.
 * @throws RedisClusterError WAIT_ABORTED if the signal is aborted.
 * @throws RedisClusterError INVALID_ARGUMENT if the timeout is invalid.
 */
export async function connectRedisCluster(
  shared: SharedCluster,
  options: WaitOptions = {},
): Promise<StartedRedisCluster> {
  const { cluster } = await openHandle(shared, options, true);
  return cluster;
}

/**
 * Connects to a cluster in any state, like {@link connectRedisCluster}, but does not connect the client of the handle. For
 * callers that acquire the lease and reset the cluster first: the reset replaces the client by a connected one.
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
  connectClient: boolean,
): Promise<ClusterHandle> {
  const startedAt = monotonicMs();
  const { plan, access } = shared;
  using deadline = startCallDeadline(`Connecting to ${shared.redisCluster}`, options, {
    timeoutMs: TIMEOUT_MS,
    timeScale: plan.timeScale,
  });
  const { signal } = deadline;
  const sharing = new RemoteSharing(shared);
  // Rejects if the process that started the cluster does not answer, before anything is opened.
  await abortable(sharing.baseline(signal), signal);
  const engine = await abortable(findEngine(), signal);
  const containers = plan.nodes.map(
    (node, index) => new NodeContainer(engine, node, shared.containerIds[index] ?? "", plan.publishesPorts),
  );
  const addresses = new AddressTable(plan.access);
  const cleanup = new CleanupStack();
  try {
    if (plan.access === "direct") {
      const watch = watchStops(engine, plan, addresses, "now");
      cleanup.add("connections", "the watch of the containers", () => watch[Symbol.dispose]());
      await abortable(watch.opened, signal);
    }
    const finding = containers.map(async (container, index) => {
      const node = plan.nodes[index] as NodePlan;
      const first = await findNode(container);
      addresses.set(node, first.published);
      if (first.isRunning) return first;
      addresses.setStopped(node, true);
      // It may have been started before it was marked as stopped. Later, the watch reports it.
      const second = await findNode(container);
      if (second.isRunning) addresses.set(node, second.published);
      return second;
    });
    const found = await abortable(Promise.all(finding), signal);
    // A handle creates helper containers, which have the labels of its own process.
    await ensureCrashCleanup(engine, cleanup);
    const connections = plan.nodes.map((node) => {
      const connection = new NodeConnection(node, addresses, access, plan.timeScale);
      cleanup.add("connections", `the connection to ${node.name}`, () => connection.close());
      return connection;
    });
    const clients = new OpenClients<Cluster>();
    cleanup.add("clients", "the client", async () => {
      await Promise.all(clients.close().map(closeCluster));
    });
    const overrides = { lazyConnect: !connectClient };
    const client = await connectCluster(plan, addresses, access, overrides, signal, clients.track);
    // Otherwise a `check()` that is called at once could report that a healthy node does not answer. A node that does not run does
    // not answer anyway. A caller without a client acquires the lease, which waits for the nodes.
    if (connectClient) {
      const running = connections.filter((_, index) => found[index]?.isRunning);
      await abortable(Promise.all(running.map(({ attempted }) => attempted)), signal);
    }
    const tookMs = monotonicMs() - startedAt;
    return new ClusterHandle({
      engine,
      plan,
      network: clusterNetwork(engine, plan.network, shared.networkId),
      client,
      clients,
      addresses,
      access,
      containers,
      connections,
      lateFaults: new LateFaults(plan.timeScale),
      abandoned: new AbandonedWork(),
      cleanup,
      sharing,
      evidenceDir: shared.evidenceDir ?? (process.env[EVIDENCE_VARIABLE] || undefined),
      startup: { ...NOTHING_STARTED, access: plan.access, clientsMs: tookMs, totalMs: tookMs },
    });
  } catch (error) {
    await cleanup.run();
    throw error;
  }
}

interface FoundNode {
  readonly isRunning: boolean;
  /** Undefined if the node does not run, or publishes no port. */
  readonly published: HostAndPort | undefined;
}

/** Finds out whether a node runs, and where its port is published. It may stop now, because another handle may be breaking it. */
async function findNode(container: NodeContainer): Promise<FoundNode> {
  const isRunning = async (): Promise<boolean> => (await container.state()).status === "running";
  const stopped = { isRunning: false, published: undefined };
  if (!(await isRunning())) return stopped;
  try {
    return { isRunning: true, published: await container.publishedAddress() };
  } catch (error) {
    if (await isRunning()) throw error;
    return stopped;
  }
}

const NOTHING_STARTED = {
  prepareMs: 0,
  networkMs: 0,
  containersMs: 0,
  formationMs: 0,
  seedMs: 0,
  strategy: "connected",
  fallbackReason: undefined,
  hardeningFallbackReason: undefined,
  accessFallbackReason: undefined,
} as const;
