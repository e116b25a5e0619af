import { type NodeEntry, parseClusterNodes } from "./parse-cluster-nodes.ts";
import { parseInfo } from "./parse-info.ts";

/** What one node reports about the cluster, or the reason why the node returned no view. */
export type NodeView =
  | {
      readonly kind: "answered";
      /** The name of the node: `node-0`, … */
      readonly node: string;
      /** The `cluster_state` of its CLUSTER INFO: `ok` or `fail`. */
      readonly state: string;
      /** The greatest epoch that the node has received. */
      readonly currentEpoch: number;
      /** The nodes that it lists in CLUSTER NODES, including itself (`self`). */
      readonly members: readonly NodeEntry[];
      /** For a replica: whether its link to its primary is up and no sync is in progress (INFO replication). */
      readonly inSync: boolean;
    }
  | {
      readonly kind: "silent";
      readonly node: string;
      /** The error of the client, such as a refused connection or a timeout. */
      readonly reason: string;
    };

/** The view of a node that answered. */
export type AnsweredView = Extract<NodeView, { kind: "answered" }>;

/** The commands whose replies contain the view of a node, in the order that {@link parseNodeView} expects. */
export const VIEW_COMMANDS: readonly (readonly [string, string])[] = [
  ["CLUSTER", "NODES"],
  ["CLUSTER", "INFO"],
  ["INFO", "replication"],
];

/**
 * Parses the view of a node.
 *
 * @param node the name of the node.
 * @param replies the replies to {@link VIEW_COMMANDS}.
 * @throws TypeError with the line, if the reply to CLUSTER NODES contains an invalid line.
 */
export function parseNodeView(node: string, replies: readonly string[]): AnsweredView {
  const [nodes = "", clusterInfo = "", replication = ""] = replies;
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
