import type { Engine } from "../docker/engine.ts";
import type { ClusterHistory } from "../evidence/cluster-history.ts";
import type { ApiCalls } from "./api-calls.ts";
import type { ClusterNodes } from "./cluster-nodes.ts";

/** The parts that all families of one cluster handle share. */
export interface ClusterContext extends ClusterNodes {
  readonly engine: Engine;
  readonly calls: ApiCalls;
  readonly history: ClusterHistory;
}
