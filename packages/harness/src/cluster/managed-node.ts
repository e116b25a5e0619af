import type { NodeConnection } from "../clients/node-connection.ts";
import type { NodeContainer } from "../docker/node-container.ts";
import type { NodePlan } from "../plan/cluster-plan.ts";

/** One node as the library works with it: its plan, its container, and the library's own connection to its server. */
export interface ManagedNode {
  readonly plan: NodePlan;
  readonly container: NodeContainer;
  readonly connection: NodeConnection;
}
