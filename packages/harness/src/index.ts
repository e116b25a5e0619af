export type { KillOptions, RestartOptions } from "./breakable-cluster.ts";
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
export type { NodeClientOptions } from "./clients/node-client.ts";
export { connectRedisCluster } from "./connect-redis-cluster.ts";
export type { ClusterNetwork } from "./docker/cluster-network.ts";
export type { ContainerState } from "./docker/node-container.ts";
export type { ConfigureNode } from "./docker/redis-node-container.ts";
export { type ErrorCode, InvalidOptionsError, type OptionProblem, RedisClusterError } from "./errors.ts";
export type { HistoryView, PastError, PastFault, PastSeed } from "./evidence/history.ts";
export type { SaveEvidenceOptions } from "./evidence/save-evidence.ts";
export type { ExpectedFailover, ExpectedParts, MsRange } from "./failover/expected.ts";
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
export { formatFailover } from "./failover/format-failover.ts";
export type { ActiveFault, FaultFacts, FaultKind } from "./faults/active-fault.ts";
export type { FailoverMode } from "./faults/manual-failover.ts";
export type { PartitionGroup, PartitionOptions, Plane } from "./faults/partition.ts";
export type { Selector } from "./faults/targets.ts";
export type { WaitOptions } from "./lifecycle/wait.ts";
export type { LeftReason, SweepReport, SweptResource } from "./ownership/sweep.ts";
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
  CertificateNames,
  ClusterShape,
  ConfigValue,
  FormationChoice,
  Persistence,
  PublishOn,
  RedisConfig,
  RedisUser,
  TimeScale,
  TlsOptions,
} from "./plan/options.ts";
export { keySlot } from "./plan/slots.ts";
export { DEFAULT_FAULT_IMAGE, DEFAULT_IMAGE } from "./plan/validate-options.ts";
export type { RedisClusterNode } from "./redis-cluster-node.ts";
export type { ReportTextOptions } from "./report/format-report.ts";
export { type FailoverReport, report } from "./report/report.ts";
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
export type { ResetReport } from "./reset/reset-cluster.ts";
export type { SharedCluster } from "./sharing/shared-cluster.ts";
export type { Seed, SeedFunction } from "./seed/seed.ts";
export { type RedisClusterOptions, type StartupReport, startRedisCluster } from "./start-redis-cluster.ts";
export type { ClusterWorkloadOptions, StartedRedisCluster } from "./started-redis-cluster.ts";
export { type SweepOptions, sweepOrphans } from "./sweep-orphans.ts";
export type { Target } from "./targetable-cluster.ts";
export type { ClusterCheck } from "./view/check.ts";
export type { ClusterView, Disagreement, MergedMember, NodeView } from "./view/cluster-view.ts";
export type { NodeEntry, OpenSlot } from "./view/parse-nodes.ts";
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
export type { WorkloadOptions } from "./workload/options.ts";
export type {
  AcknowledgedBy,
  NodeOrName,
  StopWorkloadOptions,
  WaitForAcknowledgedOptions,
  Workload,
  WorkloadProgress,
} from "./workload/workload.ts";
