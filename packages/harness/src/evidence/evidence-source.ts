import type { NodeConnection } from "../clients/node-connection.ts";
import type { Engine } from "../docker/engine.ts";
import type { NodeContainer } from "../docker/node-container.ts";
import { engineVersions } from "../docker/versions.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import type { EvidenceSource } from "./evidence.ts";
import type { HistoryView } from "./cluster-history.ts";

/** A cluster, or what a start has created of it so far. */
interface PartsOfCluster {
  readonly engine: Engine;
  readonly plan: ClusterPlan | undefined;
  /** By the index of the node; undefined while the node has none. */
  readonly containers: readonly (NodeContainer | undefined)[];
  /** By the index of the node; undefined while the node has none. */
  readonly connections: readonly (NodeConnection | undefined)[];
}

/** Returns a cluster, or what a start has created of it so far, in the form in which evidence is collected from it. */
export function evidenceSource(
  { engine, plan, containers, connections }: PartsOfCluster,
  history: HistoryView,
): EvidenceSource {
  return {
    plan,
    history,
    get versions() {
      return engineVersions(engine);
    },
    nodes: (plan?.nodes ?? []).map(({ name, index }) => ({
      name,
      get unreachableAt() {
        return connections[index]?.unreachableAt;
      },
      query: async (commands) => await (connections[index] ?? missing("no connection yet")).texts(commands),
      state: async () => await (containers[index] ?? missing("no container yet")).state(),
      log: async (tail) =>
        await (containers[index] ?? missing("no container yet")).logs({ tail, timestamps: true }),
    })),
  };
}

function missing(what: string): never {
  throw new Error(what);
}
