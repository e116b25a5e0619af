import type { TestArtifactBase } from "vitest";
import type { ReportData } from "../report/report-data.ts";
import type { SharedCluster } from "../sharing/shared-cluster.ts";

/** The key of this library's artifact in Vitest's registry. */
declare const evidence: unique symbol;

/** What a failed test left to read, as reporters get it by `onTestCaseArtifactRecord`. */
export interface EvidenceArtifact extends TestArtifactBase {
  readonly type: "testcontainers-redis-cluster:evidence";
  /** The folder's absolute path. */
  readonly folder: string;
}

declare module "vitest" {
  interface ProvidedContext {
    /** What `redisClusterGlobalSetup` started. */
    redisCluster: SharedCluster;
  }
  interface TaskMeta {
    /** The failovers that the test observed, since its last `reset()` where it made one, in their order. */
    redisClusterFailovers?: readonly ReportData[];
  }
  interface TestArtifactRegistry {
    [evidence]: EvidenceArtifact;
  }
}
