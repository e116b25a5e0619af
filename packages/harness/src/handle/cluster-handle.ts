import type { Cluster } from "ioredis";
import { AttachedContainers } from "../applications/attached-containers.ts";
import type { Access } from "../clients/access.ts";
import type { AddressTable } from "../clients/address-table.ts";
import { ClientPool } from "../clients/client-pool.ts";
import { learnNames } from "../clients/learn-names.ts";
import type { NodeConnection } from "../clients/node-connection.ts";
import type { OpenClients } from "../clients/open-clients.ts";
import type { AbandonedWork } from "../cluster/abandoned-work.ts";
import { ApiCalls } from "../cluster/api-calls.ts";
import type { ClusterContext } from "../cluster/cluster-context.ts";
import type { ManagedNode } from "../cluster/managed-node.ts";
import { NodeHandle } from "../cluster/node-handle.ts";
import type { ClusterNetwork } from "../docker/cluster-network.ts";
import type { Engine } from "../docker/engine.ts";
import type { NodeContainer } from "../docker/node-container.ts";
import { DiagnosticsRecorder } from "../evidence/cluster-diagnostics.ts";
import { evidenceSource } from "../evidence/evidence-source.ts";
import { ClusterHistory } from "../evidence/cluster-history.ts";
import { FailoverObserver } from "../failover/failover-observer.ts";
import { createFaults } from "../faults/create-faults.ts";
import { FaultRegistry } from "../faults/fault-registry.ts";
import { HelperImage } from "../faults/helper-image.ts";
import type { LateFaults } from "../faults/late-faults.ts";
import { findCutOff } from "../faults/plan-partition.ts";
import { TargetResolver } from "../faults/target-resolver.ts";
import { CleanupStack } from "../cleanup/cleanup-stack.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import { ClusterReader } from "../queries/cluster-reader.ts";
import { FailoverProspects } from "../queries/failover-prospects.ts";
import { Repairs } from "../queries/repairs.ts";
import { ClusterResetter } from "../reset/cluster-resetter.ts";
import { withoutOwnership } from "../sharing/without-ownership.ts";
import { ClusterSharer } from "../sharing/cluster-sharer.ts";
import { SharedFaultLog } from "../sharing/shared-fault-log.ts";
import type { Sharing } from "../sharing/sharing.ts";
import { clusterInfo } from "../cluster/cluster-info.ts";
import { type StartupFacts, withDeprecatedNames } from "../cluster/startup-report.ts";
import { WorkloadStarter } from "../workload/workload-starter.ts";
import { ClusterLifetime } from "./cluster-lifetime.ts";
import { StartedCluster } from "./started-cluster.ts";
import type { StartedRedisCluster } from "./started-redis-cluster.ts";

/** The parts of a handle, which a start or a connection to a cluster of another process creates. */
export interface ClusterParts {
  readonly engine: Engine;
  readonly plan: ClusterPlan;
  readonly access: Access;
  readonly addresses: AddressTable;
  /** The containers of the nodes. They and the connections are in the order of the plan. */
  readonly containers: readonly NodeContainer[];
  readonly connections: readonly NodeConnection[];
  readonly network: ClusterNetwork;
  readonly client: Cluster;
  /** Already tracks `client`. */
  readonly clients: OpenClients<Cluster>;
  readonly lateFaults: LateFaults;
  readonly abandoned: AbandonedWork;
  readonly sharing: Sharing;
  /** Already contains the steps that remove the cluster if the handle owns it. */
  readonly cleanup: CleanupStack;
  /** The folder for the evidence of failed calls. If undefined, no evidence is written. */
  readonly evidenceDir: string | undefined;
  readonly startup: StartupFacts;
}

/** One handle of a cluster: connects the families of {@link cluster}, and lends further handles of the same cluster. */
export class ClusterHandle {
  readonly cluster: StartedRedisCluster;
  readonly #parts: ClusterParts;
  readonly #calls: ApiCalls;
  readonly #lifetime: ClusterLifetime;

  /** @param stopLender stops the handle that lends this one. */
  constructor(parts: ClusterParts, stopLender?: () => Promise<void>) {
    const { engine, plan, access, addresses, lateFaults, abandoned, sharing } = parts;
    const history = new ClusterHistory();
    const diagnostics = new DiagnosticsRecorder(evidenceSource(parts, history), history, parts.evidenceDir);
    const calls = new ApiCalls(plan, (phase, error) => diagnostics.explain(phase, error));
    const nodes = manageNodes(parts, calls);
    const context: ClusterContext = { engine, plan, access, addresses, nodes, calls, history };
    learnNames(addresses, parts.connections);

    const repairs = new Repairs();
    const registry = new FaultRegistry(calls, plan.timeScale, lateFaults);
    const prospects = new FailoverProspects(context, repairs, () => findCutOff(registry.cuts, plan.nodes));
    const queries = new ClusterReader(context, prospects);
    const clients = new ClientPool(context, parts.client, parts.clients);
    const applications = new AttachedContainers(context, parts.network, () => clients.environment("network"));
    const failovers = new FailoverObserver(context, prospects);
    const workloads = new WorkloadStarter(context, clients, prospects);
    const targets = new TargetResolver(context, (key) => queries.currentOwner(key));
    const networkFaultLog = new SharedFaultLog(sharing, plan);
    const helperImage = new HelperImage(context);
    const faults = createFaults(
      { context, targets, registry, lateFaults, repairs, prospects, networkFaultLog, helperImage },
      (action, options) => failovers.observeFailover(action, options),
    );
    const use = { workloads, faults: registry, abandoned };
    const resets = new ClusterResetter(context, { ...use, clients, lateFaults, repairs, state: sharing });
    const { cleanup } = parts;
    const lifetime = new ClusterLifetime(context, {
      ...use,
      applications,
      clients,
      sharing,
      cleanup,
      stopLender,
    });

    this.#parts = parts;
    this.#calls = calls;
    this.#lifetime = lifetime;
    this.cluster = new StartedCluster({
      info: clusterInfo(plan),
      plan,
      network: parts.network,
      startup: withDeprecatedNames(parts.startup),
      queries,
      faults,
      clients,
      applications,
      failovers,
      workloads,
      resets,
      sharing: new ClusterSharer(context, sharing, use),
      diagnostics,
      lifetime,
    });
  }

  /**
   * Lends the cluster to one user, such as a test: returns another handle of the same cluster, with its own nodes, history, faults
   * and workloads. It takes over the clients of this handle, so that this handle needs a `reset()` before it can lend again. When
   * the user is done, call {@link leave} of the lent handle.
   *
   * @throws RedisClusterError CLUSTER_STOPPED or TURN_OVER after the end of this handle.
   */
  lend(): ClusterHandle {
    this.#calls.throwIfEnded();
    const { sharing } = this.#parts;
    const { client } = this.cluster;
    const clients = this.#parts.clients.handOver();
    // The handle of a cluster of another process does not own it: its `stop()` leaves the cluster alone.
    const stopLender = sharing.clusterOutlivesHandle ? undefined : () => this.cluster.stop();
    return new ClusterHandle(
      { ...this.#parts, client, clients, cleanup: new CleanupStack(), sharing: withoutOwnership(sharing) },
      stopLender,
    );
  }

  /** Ends ongoing calls with TURN_OVER. Later calls are not affected. */
  async interrupt(message: string): Promise<void> {
    await this.#lifetime.interrupt(message);
  }

  /** Ends this handle but not the cluster. Later calls are rejected with TURN_OVER. */
  async leave(message: string): Promise<void> {
    await this.#lifetime.leave(message);
  }
}

function manageNodes(parts: ClusterParts, { waitDefaults }: ApiCalls): readonly ManagedNode[] {
  const { plan, access, addresses } = parts;
  return plan.nodes.map((node, index) => {
    const container = parts.containers[index] as NodeContainer;
    const connection = parts.connections[index] as NodeConnection;
    const handle = new NodeHandle(node, access, container, addresses, waitDefaults);
    return { plan: node, container, connection, handle };
  });
}
