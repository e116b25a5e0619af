import { LABEL_TESTCONTAINERS_SESSION_ID } from "testcontainers";
import { CLUSTER_LABEL, ownerLabels } from "../cleanup/owner.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import { LABEL_PREFIX } from "../plan/label-prefix.ts";
import type { Engine } from "./engine.ts";

/** The label with the name of the node, on the container of a node. */
export const NODE_LABEL: string = `${LABEL_PREFIX}node`;

/**
 * Returns the labels of all resources of a cluster: the labels of the user, the name of the cluster, the labels by which Ryuk
 * finds resources, and the labels by which other processes determine whether the owner is alive.
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
