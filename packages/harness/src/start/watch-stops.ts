import type { AddressTable } from "../clients/address-table.ts";
import type { Engine } from "../docker/engine.ts";
import { type NodeExit, type NodeWatch, watchNodes } from "../docker/watch-nodes.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";

/**
 * Keeps the address table informed about which nodes have stopped, also if another program stops and starts them. If the engine
 * ends the watch, no node counts as stopped, because a later start would not be reported.
 *
 * @param onExit is called for each node that exits.
 */
export function watchStops(
  engine: Engine,
  plan: ClusterPlan,
  addresses: AddressTable,
  since: "always" | "now",
  onExit: (exit: NodeExit) => void = () => {},
): NodeWatch {
  return watchNodes(engine, plan.name, since, {
    onEvent: (event) => {
      const node = plan.nodes.find(({ name }) => name === event.node);
      if (node !== undefined) addresses.setStopped(node, event.kind === "exited");
      if (event.kind === "exited") onExit(event);
    },
    onLost: () => {
      for (const node of plan.nodes) addresses.setStopped(node, false);
    },
  });
}
