import type { NodeView } from "./cluster-view.ts";
import { parseInfo } from "./parse-info.ts";
import { parseClusterNodes } from "./parse-nodes.ts";

/** A view of a node that answered. */
export type AnsweredView = Extract<NodeView, { kind: "answered" }>;

/** The questions whose answers make a node's view, in the order in which {@link nodeViewOf} takes them. */
export const VIEW_QUESTIONS: readonly (readonly [string, string])[] = [
  ["CLUSTER", "NODES"],
  ["CLUSTER", "INFO"],
  ["INFO", "replication"],
];

/**
 * One node's view, read from its answers to {@link VIEW_QUESTIONS}.
 *
 * @throws TypeError with the line of CLUSTER NODES that is not one.
 */
export function nodeViewOf(node: string, answers: readonly string[]): AnsweredView {
  const [nodes = "", clusterInfo = "", replication = ""] = answers;
  const cluster = parseInfo(clusterInfo);
  const link = parseInfo(replication);
  return {
    kind: "answered",
    node,
    state: cluster.get("cluster_state") ?? "unknown",
    currentEpoch: Number(cluster.get("cluster_current_epoch") ?? 0),
    members: parseClusterNodes(nodes),
    inSync:
      link.get("role") === "master" ||
      (link.get("master_link_status") === "up" && link.get("master_sync_in_progress") === "0"),
  };
}
