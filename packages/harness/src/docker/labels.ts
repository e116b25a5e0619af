import { LABEL_TESTCONTAINERS_SESSION_ID } from "testcontainers";
import { CLUSTER_LABEL, ownerLabels } from "../cleanup/owner.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import { LABEL_PREFIX } from "../plan/label-prefix.ts";
import type { Engine } from "./engine.ts";

export const NODE_LABEL: string = `${LABEL_PREFIX}node`;

/**
 * The labels of everything that a cluster makes: the user's, ours, those by which Testcontainers' Ryuk reaps, and
 * those by which the next process knows whether the owner still lives.
 */
export function clusterLabels(plan: ClusterPlan, engine: Engine): Record<string, string> {
  return {
    ...plan.labels,
    "org.testcontainers": "true",
    "org.testcontainers.lang": "node",
    [LABEL_TESTCONTAINERS_SESSION_ID]: engine.sessionId,
    ...ownerLabels(engine.owner),
    [CLUSTER_LABEL]: plan.name,
  };
}
