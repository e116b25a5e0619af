import type { Access } from "../clients/access.ts";
import type { AddressTable } from "../clients/address-table.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import type { ManagedNode } from "./managed-node.ts";

/** The nodes of a cluster, with the addresses and credentials that are needed to reach them. */
export interface ClusterNodes {
  readonly plan: ClusterPlan;
  /** The nodes in the order of the plan: `nodes[i].plan.index` is `i`. */
  readonly nodes: readonly ManagedNode[];
  readonly addresses: AddressTable;
  readonly access: Access;
}
