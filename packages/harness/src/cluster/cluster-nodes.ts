import type { Access } from "../clients/access.ts";
import type { AddressTable } from "../clients/address-table.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import type { ManagedNode } from "./managed-node.ts";

/** The nodes of a cluster, and what is needed to reach them. */
export interface ClusterNodes {
  readonly plan: ClusterPlan;
  /** In the order of the plan: the index of a node is its index here. */
  readonly nodes: readonly ManagedNode[];
  readonly addresses: AddressTable;
  readonly access: Access;
}
