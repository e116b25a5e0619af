import { parseInfo } from "./parse-info.ts";
import { type NodeEntry, parseClusterNodes } from "./parse-cluster-nodes.ts";

/** What one node said, or why it said nothing. */
export type NodeView =
  | {
      readonly kind: "answered";
      /** `node-0`, … */
      readonly node: string;
      /** `ok` or `fail`, of its own CLUSTER INFO. */
      readonly state: string;
      /** The greatest epoch that it has heard of. */
      readonly currentEpoch: number;
      /** Whom it knows, itself included (`self`), as CLUSTER NODES tells. */
      readonly members: readonly NodeEntry[];
      /** Of a replica: whether its link to its primary is up and no sync is under way (INFO replication). */
      readonly inSync: boolean;
    }
  | {
      readonly kind: "silent";
      readonly node: string;
      /** Why nothing came, in the client's words: a refused connection, no answer in time. */
      readonly reason: string;
    };

/** A view of a node that answered. */
export type AnsweredView = Extract<NodeView, { kind: "answered" }>;

/** The questions whose answers make a node's view, in the order in which {@link parseNodeView} takes them. */
export const VIEW_COMMANDS: readonly (readonly [string, string])[] = [
  ["CLUSTER", "NODES"],
  ["CLUSTER", "INFO"],
  ["INFO", "replication"],
];

/**
 * One node's view, read from its answers to {@link VIEW_COMMANDS}.
 *
 * @throws TypeError with the line of CLUSTER NODES that is not one.
 */
export function parseNodeView(node: string, answers: readonly string[]): AnsweredView {
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
