import { type ClusterView, mergeViews } from "./cluster-view.ts";
import type { NodeView } from "./node-view.ts";
import { parseClusterNodes } from "./parse-cluster-nodes.ts";

const IDS = ["a", "b", "c"].map((letter) => letter.repeat(40));
const NAMES = new Map(IDS.map((id, index) => [id, `node-${index}`]));
const SLOTS = ["0-5460", "5461-10922", "10923-16383"];

interface CheckableFixture {
  view(): Promise<ClusterView>;
}

/**
 * Returns a fake cluster of three primaries without replicas, for checks.
 *
 * @param options.silent indexes of the nodes that do not answer. The other nodes flag them as failed.
 * @param options.slots the slots of node-1 in the view of node-2.
 */
export function clusterWith(
  options: { readonly silent?: readonly number[]; readonly slots?: string } = {},
): CheckableFixture {
  const { silent = [], slots = SLOTS[1] } = options;
  const line = (id: string, index: number, by: number): string => {
    const flags = index === by ? "myself,master" : silent.includes(index) ? "master,fail" : "master";
    const claimed = by === 2 && index === 1 ? slots : SLOTS[index];
    return `${id} 172.28.0.1${index}:6379@16379 ${flags} - 0 0 ${index + 1} connected ${claimed}`;
  };
  const views = IDS.map((_, by): NodeView => {
    const node = `node-${by}`;
    if (silent.includes(by)) return { kind: "silent", node, reason: "connection refused" };
    const members = parseClusterNodes(IDS.map((id, index) => line(id, index, by)).join("\n"));
    const state = silent.length > 0 ? "fail" : "ok";
    return { kind: "answered", node, state, currentEpoch: 3, members, inSync: true };
  });
  return { view: () => Promise.resolve(mergeViews(views, NAMES)) };
}
