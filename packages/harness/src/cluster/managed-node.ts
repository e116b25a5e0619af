import type { NodeConnection } from "../clients/node-connection.ts";
import type { NodeContainer } from "../docker/node-container.ts";
import type { NodePlan } from "../plan/cluster-plan.ts";
import type { NodeHandle } from "./node-handle.ts";

/** One node as the library works with it. */
export interface ManagedNode {
  readonly plan: NodePlan;
  readonly container: NodeContainer;
  /** The library's own connection to the server. */
  readonly connection: NodeConnection;
  /** The node as the user of the handle sees it. */
  readonly handle: NodeHandle;
}
