/** One page of the reference that is written from the docstrings. */
export interface ReferencePage {
  /** The name of the file in docs/reference. */
  readonly file: string;
  readonly title: string;
  /** The first paragraph, in Markdown. */
  readonly introduction: string;
  /** Exported names by the heading under which they appear, in the order of the page. */
  readonly sections: Readonly<Record<string, readonly string[]>>;
}

/** Exported names that are described on other pages. */
export const ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  "errors.md": ["RedisClusterError", "InvalidOptionsError", "OptionProblem", "ErrorCode"],
  // The name under which the entry point for Vitest exports `ClusterFaults`.
  "faults.md": ["RedisClusterFaults"],
  "options.md": [
    "RedisClusterOptions",
    "ClusterShape",
    "RedisUser",
    "TlsOptions",
    "ConfigValue",
    "RedisConfig",
    "Persistence",
    "FormationChoice",
    "CertificateNames",
    "PublishOn",
    "AccessPath",
    "AccessChoice",
    "Announcement",
    "RedisClusterTestOptions",
    "WaitOptions",
    "KillOptions",
    "RestartOptions",
    "PartitionOptions",
    "DropPacketsOptions",
    "DelayPacketsOptions",
    "FailoverOptions",
    "KillSignal",
    "Plane",
    "FailoverMode",
    "ObserveFailoverOptions",
    "WorkloadOptions",
    "ReportTextOptions",
    "ReportPictureOptions",
    "SweepOptions",
  ],
};

/** Every exported name is on exactly one of these pages, or in {@link ELSEWHERE}. */
export const PAGES: readonly ReferencePage[] = [
  {
    file: "cluster.md",
    title: "Cluster",
    introduction:
      "`startRedisCluster` starts a cluster, `connectRedisCluster` connects to the cluster of another process. Both return a " +
      "[`StartedRedisCluster`](#startedrediscluster), which has the methods of all interfaces in the section " +
      "[Methods](#methods), and those of [`ClusterFaults`](faults.md#clusterfaults).",
    sections: {
      Functions: [
        "startRedisCluster",
        "connectRedisCluster",
        "sweepOrphans",
        "keySlot",
        "DEFAULT_IMAGE",
        "DEFAULT_FAULT_IMAGE",
      ],
      Methods: [
        "StartedRedisCluster",
        "ClusterQueries",
        "ClusterClients",
        "ApplicationContainers",
        "FailoverObservation",
        "ClusterWorkloads",
        "ClusterResets",
        "ClusterSharing",
        "ClusterDiagnostics",
      ],
      "Facts about the cluster": [
        "ClusterInfo",
        "ShardInfo",
        "StartupReport",
        "ClusterNetwork",
        "AttachableContainer",
        "AttachedContainer",
        "ComposeFragment",
        "ComposeService",
        "HistoryView",
        "PastFault",
        "PastError",
        "PastSeed",
      ],
      Views: [
        "ClusterView",
        "MergedMember",
        "Disagreement",
        "ClusterCheck",
        "NodeView",
        "NodeEntry",
        "OpenSlot",
      ],
      "Arguments and results": [
        "ClientOptions",
        "ClusterClientOptions",
        "ConnectOptions",
        "ClientLibraries",
        "NodeRedisOptions",
        "NodeRedisClient",
        "IovalkeyOptions",
        "IovalkeyClient",
        "ValkeyGlideOptions",
        "ValkeyGlideClient",
        "ClientLocation",
        "ConnectionInfo",
        "ClientTls",
        "Credentials",
        "ClusterWorkloadOptions",
        "ResetReport",
        "SharedCluster",
        "SaveEvidenceOptions",
        "Seed",
        "SeedFunction",
        "ConfigureNode",
        "SweepReport",
        "SweptResource",
        "LeftReason",
      ],
      "The plan": ["ClusterPlan", "NetworkPlan", "NodePlan", "ShardPlan", "SlotRange", "UserPlan"],
    },
  },
  {
    file: "nodes.md",
    title: "Nodes",
    introduction:
      "`cluster.nodes`, `cluster.node(name)` and methods such as `cluster.primaryOf(key)` return nodes. A node is one server in one " +
      "container, and keeps its name, its id and its address when it is restarted.",
    sections: {
      "The node": ["RedisClusterNode"],
      Types: ["ContainerState", "HostAndPort", "NodeRole", "NodeClientOptions"],
    },
  },
  {
    file: "faults.md",
    title: "Faults",
    introduction:
      "The methods of `cluster.faults`, of the cluster itself, and of the fixture `faults`. [Inject faults](../guides/faults.md) shows " +
      "how to use them. The options are in [Options](options.md).",
    sections: {
      Methods: ["ClusterFaults"],
      "The active fault": ["ActiveFault", "FaultFacts", "FaultKind"],
      "Targets and selectors": ["Target", "Selector", "PartitionGroup"],
    },
  },
  {
    file: "failover.md",
    title: "Failover",
    introduction:
      "`cluster.observeFailover(action)` returns a `Failover`. [Measure failovers](../guides/failover-timing.md) explains the phases.",
    sections: {
      "The observed failover": [
        "Failover",
        "ShardFailover",
        "FailoverPhases",
        "ShardPromotion",
        "NodeBefore",
        "DeposedWrites",
        "TimelineEvent",
      ],
      "The expected duration": ["ExpectedFailover", "ExpectedParts", "MsRange"],
      Text: ["formatFailover"],
    },
  },
  {
    file: "ledger.md",
    title: "Workload and ledger",
    introduction:
      "`cluster.startWorkload()` returns a `Workload`, whose `stop()` returns the `Ledger`. " +
      "[Find lost writes](../guides/workloads.md) explains them.",
    sections: {
      "The workload": [
        "Workload",
        "WorkloadProgress",
        "AcknowledgedBy",
        "NodeOrName",
        "WaitForAcknowledgedOptions",
        "StopWorkloadOptions",
      ],
      "The ledger": [
        "Ledger",
        "ShardLedger",
        "Finding",
        "LostWrite",
        "DuplicatedWrite",
        "StaleValue",
        "UnacknowledgedWrite",
        "EndedClient",
        "LatencySummary",
        "WriteKind",
      ],
      Text: ["formatLedger"],
    },
  },
  {
    file: "assertions.md",
    title: "Assertions",
    introduction:
      "Functions that throw an `AssertionError`, for every test runner. The matchers of Vitest have the same names without `assert`: " +
      "[Assertions](../guides/assertions.md) lists both.",
    sections: {
      "The cluster": ["assertHealthy", "assertAgree", "assertCoversAllSlots", "CheckableCluster"],
      "The failover": ["assertPromotedReplica", "assertRecoveredWithin", "PromotionLimit"],
      "The ledger": ["assertLostNoAcknowledgedWrites", "assertLostAtMost", "assertUnavailableAtMost"],
    },
  },
  {
    file: "report-data.md",
    title: "Report data",
    introduction:
      'Everything here is exported by `"testcontainers-redis-cluster/report"`. [Report a failover](../guides/reports.md) shows the formats.',
    sections: {
      Functions: ["report", "reportPage", "FailoverReport", "ReportEntry"],
      "The data": [
        "ReportData",
        "ReportShard",
        "Timeline",
        "TimelineLane",
        "TimelineBar",
        "TimelineMark",
        "LaneState",
        "MarkKind",
        "LedgerVerdict",
        "Findings",
        "DuplicatedFinding",
      ],
    },
  },
  {
    file: "vitest.md",
    title: "Vitest",
    introduction:
      'The exports of `"testcontainers-redis-cluster/vitest"`, `"/vitest/global-setup"` and `"/vitest/reporter"`. The options are in ' +
      "[Options](options.md#redisclustertestoptions). [Vitest](../guides/vitest.md) shows how to use the fixtures.",
    sections: {
      Fixtures: [
        "redisClusterTest",
        "RedisClusterTest",
        "RedisClusterTestContext",
        "RedisClusterFixtures",
        "TestClusterOptions",
        "EvidenceArtifact",
      ],
      Matchers: ["redisClusterMatchers", "RedisClusterMatchers"],
      "Global set-up": ["redisClusterGlobalSetup", "RedisClusterGlobalSetup", "SharedClusterKey"],
      Reporter: ["RedisClusterReporter", "RedisClusterReporterOptions"],
    },
  },
];
