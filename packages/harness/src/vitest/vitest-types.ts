import type { ReportData } from "../report/report-data.ts";
import type { SharedCluster } from "../sharing/shared-cluster.ts";

/** The key of this library's artifact in Vitest's registry. */
declare const evidence: unique symbol;

/** The evidence of a failed test. Since Vitest 4.0.11, reporters receive it in `onTestCaseArtifactRecord`. */
export interface EvidenceArtifact {
  /** The type, by which a reporter recognizes the artifact. */
  readonly type: "testcontainers-redis-cluster:evidence";
  /** The absolute path of the folder. */
  readonly folder: string;
  /** The files of the evidence that Vitest copies. */
  attachments?: { readonly path: string; readonly contentType: string }[];
}

declare module "vitest" {
  interface ProvidedContext {
    /** The cluster that `redisClusterGlobalSetup` started. */
    redisCluster: SharedCluster;
  }
  interface TaskMeta {
    /** The failovers that the test observed, in their order. If the test called `reset()`, only those after the last reset. */
    redisClusterFailovers?: readonly ReportData[];
    /** The absolute path of the evidence of the test; only if it has failed. */
    redisClusterEvidence?: string;
  }
  interface TestArtifactRegistry {
    [evidence]: EvidenceArtifact;
  }
}
