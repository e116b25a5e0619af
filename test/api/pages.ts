/** The content of one page of the reference. */
export interface ReferencePage {
  readonly file: string;
  readonly title: string;
  /** The first paragraphs, in Markdown. */
  readonly introduction: string;
  readonly sections: readonly ReferenceSection[];
}

interface ReferenceSection {
  readonly title: string;
  /** The exported names, in the order of the page. */
  readonly names: readonly string[];
}

/** The pages of the reference that are written from the docstrings. Every exported name is on one of them, or in options.md. */
export const PAGES: readonly ReferencePage[] = [
  {
    file: "cluster.md",
    title: "Cluster",
    introduction:
      "`startRedisCluster` starts a cluster, `connectRedisCluster` connects to one of another process. Both return a `StartedRedisCluster`, " +
      "which has the methods of all interfaces in the section [Methods](#methods) and of [`ClusterFaults`](faults.md). " +
      "A function that needs only some of them can take one of these interfaces as its parameter, and a unit test can pass an object of its own.",
    sections: [
      { title: "Functions", names: ["startRedisCluster", "connectRedisCluster", "sweepOrphans", "keySlot"] },
      {
        title: "Methods",
        names: [
          "StartedRedisCluster",
          "ClusterQueries",
          "ClusterClients",
          "FailoverObservation",
          "ClusterWorkloads",
          "ClusterResets",
          "ClusterSharing",
          "ClusterDiagnostics",
        ],
      },
      {
        title: "Types",
        names: [
          "ClusterInfo",
          "ShardInfo",
          "StartupReport",
          "ClusterNetwork",
          "ClusterView",
          "MergedMember",
          "Disagreement",
          "ClusterCheck",
          "OpenSlot",
          "ClientOptions",
          "ClusterClientOptions",
          "ClientTls",
          "Credentials",
          "ClusterWorkloadOptions",
          "ResetReport",
          "SharedCluster",
          "HistoryView",
          "PastFault",
          "PastError",
          "PastSeed",
          "SaveEvidenceOptions",
          "SweepOptions",
          "SweepReport",
          "SweptResource",
          "LeftReason",
          "Seed",
          "SeedFunction",
          "ConfigureNode",
          "SlotRange",
        ],
      },
      {
        title: "The plan",
        names: ["ClusterPlan", "NetworkPlan", "NodePlan", "ShardPlan", "UserPlan"],
      },
    ],
  },
];
