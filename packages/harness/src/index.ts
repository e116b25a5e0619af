// oxlint-disable-next-line import/no-unassigned-import -- must run before the other modules
import "./dispose-symbols.ts";

export { assertAgree, assertCoversAllSlots, assertHealthy } from "./checks/assert-cluster.ts";
export { assertPromotedReplica, assertRecoveredWithin } from "./checks/assert-failover.ts";
export {
  assertLostAtMost,
  assertLostNoAcknowledgedWrites,
  assertUnavailableAtMost,
} from "./checks/assert-ledger.ts";
export type { CheckableCluster } from "./checks/cluster-checks.ts";
export type { PromotionLimit } from "./checks/failover-checks.ts";
export type { ClientTls } from "./clients/access.ts";
export type { ClientOptions, ClusterClientOptions } from "./clients/cluster-client.ts";
export type { ClusterClients } from "./clients/cluster-clients.ts";
export type { ClientLocation, ConnectionInfo } from "./clients/connection-info.ts";
export type { ClientLibraries, ConnectOptions } from "./clients/libraries/client-libraries.ts";
export type { IovalkeyClient, IovalkeyOptions } from "./clients/libraries/iovalkey.ts";
export type { NodeRedisClient, NodeRedisOptions } from "./clients/libraries/node-redis.ts";
export type { ValkeyGlideClient, ValkeyGlideOptions } from "./clients/libraries/valkey-glide.ts";
export type { NodeClientOptions } from "./clients/node-client.ts";
export type { ClusterInfo, ShardInfo } from "./cluster/cluster-info.ts";
export type { RedisClusterNode } from "./cluster/redis-cluster-node.ts";
export type { ClusterNetwork } from "./docker/cluster-network.ts";
export type { ContainerState } from "./docker/node-container.ts";
export type { ConfigureNode } from "./docker/redis-node-container.ts";
export { type ErrorCode, InvalidOptionsError, type OptionProblem, RedisClusterError } from "./errors.ts";
export type { ClusterDiagnostics } from "./evidence/cluster-diagnostics.ts";
export type { HistoryView, PastError, PastFault, PastSeed } from "./evidence/cluster-history.ts";
export type { SaveEvidenceOptions } from "./evidence/save-evidence.ts";
export type { ExpectedFailover, ExpectedParts, MsRange } from "./failover/expected-failover.ts";
export type {
  DeposedWrites,
  Failover,
  FailoverPhases,
  NodeBefore,
  ObserveFailoverOptions,
  ShardFailover,
  ShardPromotion,
  TimelineEvent,
} from "./failover/failover.ts";
export type { FailoverObservation } from "./failover/failover-observation.ts";
export { formatFailover } from "./failover/format-failover.ts";
export type { ClusterFaults } from "./faults/cluster-faults.ts";
export type { ActiveFault, FaultFacts, FaultKind } from "./faults/fault.ts";
export type {
  DelayPacketsOptions,
  DropPacketsOptions,
  FailoverMode,
  FailoverOptions,
  KillOptions,
  KillSignal,
  PartitionOptions,
  Plane,
  RestartOptions,
} from "./faults/options.generated.ts";
export type { PartitionGroup } from "./faults/plan-partition.ts";
export type { Selector } from "./faults/select.ts";
export type { Target } from "./faults/target-resolver.ts";
export type { StartedRedisCluster } from "./handle/started-redis-cluster.ts";
export type { WaitOptions } from "./timing/call-deadline.ts";
export type { LeftReason, SweepReport, SweptResource } from "./cleanup/sweep.ts";
export { DEFAULT_FAULT_IMAGE, DEFAULT_IMAGE } from "./plan/cluster-options.ts";
export type {
  ClusterPlan,
  HostAndPort,
  NetworkPlan,
  NodePlan,
  NodeRole,
  ShardPlan,
  SlotRange,
  UserPlan,
} from "./plan/cluster-plan.ts";
export type { Credentials } from "./plan/credentials.ts";
export type {
  AccessChoice,
  AccessPath,
  Announcement,
  CertificateNames,
  ClusterShape,
  ConfigValue,
  FormationChoice,
  Persistence,
  PublishOn,
  RedisConfig,
  RedisUser,
  TlsOptions,
} from "./plan/options.generated.ts";
export { keySlot } from "./plan/slots.ts";

export { type FailoverReport, report } from "./report/failover-report.ts";
export type { ReportPictureOptions, ReportTextOptions } from "./report/options.generated.ts";
export type {
  DuplicatedFinding,
  Findings,
  LaneState,
  LedgerVerdict,
  MarkKind,
  ReportData,
  ReportShard,
  Timeline,
  TimelineBar,
  TimelineLane,
  TimelineMark,
} from "./report/report-data.ts";
export { type ReportEntry, reportPage } from "./report/report-page.ts";
export type {
  ApplicationContainers,
  AttachableContainer,
  AttachedContainer,
} from "./applications/application-containers.ts";
export type { ComposeFragment, ComposeService } from "./applications/compose-fragment.ts";
export type { ClusterQueries } from "./queries/cluster-queries.ts";
export type { ClusterResets } from "./reset/cluster-resets.ts";
export type { ResetReport } from "./reset/reset-report.ts";
export type { ClusterSharing } from "./sharing/cluster-sharing.ts";
export type { SharedCluster } from "./sharing/shared-cluster.ts";
export type { Seed, SeedFunction } from "./seed/seed.ts";
export { connectRedisCluster } from "./start/connect-redis-cluster.ts";
export type { RedisClusterOptions, SweepOptions } from "./start/options.generated.ts";
export { startRedisCluster } from "./start/start-redis-cluster.ts";
export type { StartupReport } from "./cluster/startup-report.ts";
export { sweepOrphans } from "./start/sweep-orphans.ts";
export type { ClusterCheck } from "./view/cluster-check.ts";
export type { ClusterView, Disagreement, MergedMember } from "./view/cluster-view.ts";
export type { NodeView } from "./view/node-view.ts";
export type { NodeEntry, OpenSlot } from "./view/parse-cluster-nodes.ts";
export type { ClusterWorkloadOptions, ClusterWorkloads } from "./workload/cluster-workloads.ts";
export { formatLedger } from "./workload/format-ledger.ts";
export type {
  DuplicatedWrite,
  EndedClient,
  Finding,
  LatencySummary,
  Ledger,
  LostWrite,
  ShardLedger,
  StaleValue,
  UnacknowledgedWrite,
  WriteKind,
} from "./workload/ledger.ts";
export type { WorkloadOptions } from "./workload/workload-options.ts";
export type {
  AcknowledgedBy,
  NodeOrName,
  StopWorkloadOptions,
  WaitForAcknowledgedOptions,
  Workload,
  WorkloadProgress,
} from "./workload/workload.ts";
