import type { NodeConnection } from "../clients/node-connection.ts";
import type { NodeContainer } from "../docker/node-container.ts";
import type { NodePlan } from "../plan/cluster-plan.ts";
import type { NodeHandle } from "./node-handle.ts";

/** The plan, container, connection and handle of a node. */
export interface ManagedNode {
  readonly plan: NodePlan;
  readonly container: NodeContainer;
  /** The library's own connection to the server. */
  readonly connection: NodeConnection;
  /** The public object of the node. */
  readonly handle: NodeHandle;
}
