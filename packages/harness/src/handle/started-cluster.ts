import type { Cluster } from "ioredis";
import type {
  ApplicationContainers,
  AttachableContainer,
  AttachedContainer,
} from "../applications/application-containers.ts";
import type { ComposeFragment } from "../applications/compose-fragment.ts";
import type { ClientTls } from "../clients/access.ts";
import type { ClientOptions } from "../clients/cluster-client.ts";
import type { ClusterClients } from "../clients/cluster-clients.ts";
import type { ClientLocation, ConnectionInfo } from "../clients/connection-info.ts";
import type { ClientLibraries, ConnectOptions } from "../clients/libraries/client-libraries.ts";
import type { RedisClusterNode } from "../cluster/redis-cluster-node.ts";
import type { ClusterNetwork } from "../docker/cluster-network.ts";
import type { ClusterDiagnostics } from "../evidence/cluster-diagnostics.ts";
import type { HistoryView } from "../evidence/cluster-history.ts";
import type { SaveEvidenceOptions } from "../evidence/save-evidence.ts";
import type { ExpectedFailover } from "../failover/expected-failover.ts";
import type { FailoverObservation } from "../failover/failover-observation.ts";
import type { ClusterFaults } from "../faults/cluster-faults.ts";
import type { ActiveFault } from "../faults/fault.ts";
import type { WaitOptions } from "../timing/call-deadline.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import type { Credentials } from "../plan/credentials.ts";
import type { ClusterQueries } from "../queries/cluster-queries.ts";
import type { ClusterResets } from "../reset/cluster-resets.ts";
import type { ResetReport } from "../reset/reset-report.ts";
import type { ClusterSharing } from "../sharing/cluster-sharing.ts";
import type { SharedCluster } from "../sharing/shared-cluster.ts";
import type { ClusterInfo } from "../cluster/cluster-info.ts";
import type { StartupReport } from "../cluster/startup-report.ts";
import type { ClusterCheck } from "../view/cluster-check.ts";
import type { ClusterView } from "../view/cluster-view.ts";
import type { ClusterWorkloadOptions, ClusterWorkloads } from "../workload/cluster-workloads.ts";
import type { Workload } from "../workload/workload.ts";
import type { StartedRedisCluster } from "./started-redis-cluster.ts";

/** The families of a handle, and the facts about its cluster. */
export interface ClusterFamilies {
  readonly info: ClusterInfo;
  readonly plan: ClusterPlan;
  readonly network: ClusterNetwork;
  readonly startup: StartupReport;
  readonly queries: ClusterQueries;
  readonly faults: ClusterFaults;
  readonly clients: ClusterClients;
  readonly applications: ApplicationContainers;
  readonly failovers: FailoverObservation;
  readonly workloads: ClusterWorkloads;
  readonly resets: ClusterResets;
  readonly sharing: ClusterSharing;
  readonly diagnostics: ClusterDiagnostics;
  readonly lifetime: Pick<StartedRedisCluster, "stop" | typeof Symbol.asyncDispose>;
}

/** Forwards each member of a started cluster to the family that implements it. */
export class StartedCluster implements StartedRedisCluster {
  readonly info: ClusterInfo;
  readonly plan: ClusterPlan;
  readonly network: ClusterNetwork;
  readonly startup: StartupReport;
  readonly nodes: readonly RedisClusterNode[];
  readonly faults: ClusterFaults;

  readonly kill: ClusterFaults["kill"];
  readonly killPrimary: ClusterFaults["killPrimary"];
  readonly killMaster: ClusterFaults["killMaster"];
  readonly shutdown: ClusterFaults["shutdown"];
  readonly stopNode: ClusterFaults["stopNode"];
  readonly restart: ClusterFaults["restart"];
  readonly pause: ClusterFaults["pause"];
  readonly resume: ClusterFaults["resume"];
  readonly partition: ClusterFaults["partition"];
  readonly isolate: ClusterFaults["isolate"];
  readonly dropPackets: ClusterFaults["dropPackets"];
  readonly loss: ClusterFaults["loss"];
  readonly delayPackets: ClusterFaults["delayPackets"];
  readonly delay: ClusterFaults["delay"];
  readonly slowCommands: ClusterFaults["slowCommands"];
  readonly freezeReplication: ClusterFaults["freezeReplication"];
  readonly failover: ClusterFaults["failover"];
  readonly heal: ClusterFaults["heal"];
  readonly select: ClusterFaults["select"];
  readonly observeFailover: ClusterFaults["observeFailover"];

  readonly #families: ClusterFamilies;

  constructor(families: ClusterFamilies) {
    this.info = families.info;
    this.plan = families.plan;
    this.network = families.network;
    this.startup = families.startup;
    this.nodes = families.queries.nodes;
    this.faults = families.faults;
    this.kill = families.faults.kill;
    this.killPrimary = families.faults.killPrimary;
    this.killMaster = families.faults.killMaster;
    this.shutdown = families.faults.shutdown;
    this.stopNode = families.faults.stopNode;
    this.restart = families.faults.restart;
    this.pause = families.faults.pause;
    this.resume = families.faults.resume;
    this.partition = families.faults.partition;
    this.isolate = families.faults.isolate;
    this.dropPackets = families.faults.dropPackets;
    this.loss = families.faults.loss;
    this.delayPackets = families.faults.delayPackets;
    this.delay = families.faults.delay;
    this.slowCommands = families.faults.slowCommands;
    this.freezeReplication = families.faults.freezeReplication;
    this.failover = families.faults.failover;
    this.heal = families.faults.heal;
    this.select = families.faults.select;
    this.observeFailover = families.faults.observeFailover;
    this.#families = families;
  }

  // Queries

  node(name: string): RedisClusterNode {
    return this.#families.queries.node(name);
  }
  view(options?: WaitOptions): Promise<ClusterView> {
    return this.#families.queries.view(options);
  }
  check(options?: WaitOptions): Promise<ClusterCheck> {
    return this.#families.queries.check(options);
  }
  waitUntilHealthy(options?: WaitOptions): Promise<void> {
    return this.#families.queries.waitUntilHealthy(options);
  }
  primaryOf(key: string, options?: WaitOptions): Promise<RedisClusterNode> {
    return this.#families.queries.primaryOf(key, options);
  }
  replicasOf(key: string, options?: WaitOptions): Promise<readonly RedisClusterNode[]> {
    return this.#families.queries.replicasOf(key, options);
  }
  primaries(options?: WaitOptions): Promise<readonly RedisClusterNode[]> {
    return this.#families.queries.primaries(options);
  }
  replicas(options?: WaitOptions): Promise<readonly RedisClusterNode[]> {
    return this.#families.queries.replicas(options);
  }

  get activeFaults(): readonly ActiveFault[] {
    return this.faults.activeFaults;
  }

  // Clients

  get client(): Cluster {
    return this.#families.clients.client;
  }
  get tls(): ClientTls | undefined {
    return this.#families.clients.tls;
  }
  connect<Name extends keyof ClientLibraries = "ioredis">(
    options?: ConnectOptions<Name>,
    wait?: WaitOptions,
  ): Promise<ClientLibraries[Name]["client"]> {
    return this.#families.clients.connect(options, wait);
  }
  clientOptions(): ClientOptions {
    return this.#families.clients.clientOptions();
  }
  connectionInfo(from: ClientLocation): ConnectionInfo {
    return this.#families.clients.connectionInfo(from);
  }
  environment(from: ClientLocation): Record<string, string> {
    return this.#families.clients.environment(from);
  }
  credentials(username: string): Credentials {
    return this.#families.clients.credentials(username);
  }

  // Applications

  attach(container: AttachableContainer | string, options?: WaitOptions): Promise<AttachedContainer> {
    return this.#families.applications.attach(container, options);
  }
  composeFragment(services: readonly string[]): ComposeFragment {
    return this.#families.applications.composeFragment(services);
  }

  // Failovers

  expectedFailoverMs(options?: WaitOptions): Promise<ExpectedFailover> {
    return this.#families.failovers.expectedFailoverMs(options);
  }

  // Workloads

  startWorkload(options?: ClusterWorkloadOptions, wait?: WaitOptions): Promise<Workload> {
    return this.#families.workloads.startWorkload(options, wait);
  }

  // Resets

  reset(options?: WaitOptions): Promise<ResetReport> {
    return this.#families.resets.reset(options);
  }
  findChanges(options?: WaitOptions): Promise<readonly string[]> {
    return this.#families.resets.findChanges(options);
  }

  // Sharing

  share(options?: WaitOptions): Promise<SharedCluster> {
    return this.#families.sharing.share(options);
  }
  lease(options?: WaitOptions): Promise<AsyncDisposable> {
    return this.#families.sharing.lease(options);
  }

  // Diagnostics

  get history(): HistoryView {
    return this.#families.diagnostics.history;
  }
  saveEvidence(folder?: string, options?: SaveEvidenceOptions): Promise<string> {
    return this.#families.diagnostics.saveEvidence(folder, options);
  }

  // The end

  stop(options?: WaitOptions): Promise<void> {
    return this.#families.lifetime.stop(options);
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.#families.lifetime[Symbol.asyncDispose]();
  }
}
