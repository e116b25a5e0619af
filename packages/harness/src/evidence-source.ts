import type { NodeConnection } from "./clients/node-connection.ts";
import type { Engine } from "./docker/engine.ts";
import type { NodeContainer } from "./docker/node-container.ts";
import { engineVersions } from "./docker/versions.ts";
import type { EvidenceSource } from "./evidence/evidence.ts";
import type { HistoryView } from "./evidence/history.ts";
import type { ClusterPlan } from "./plan/cluster-plan.ts";

/** A cluster, or what a start has made of it so far, as evidence is gathered from it. */
export function evidenceSource(
  parts: {
    readonly engine: Engine;
    readonly plan: ClusterPlan | undefined;
    /** By the node's index; empty where there is none yet. */
    readonly containers: readonly (NodeContainer | undefined)[];
    readonly connections: readonly (NodeConnection | undefined)[];
  },
  history: HistoryView,
): EvidenceSource {
  const { engine, plan, containers, connections } = parts;
  return {
    plan,
    history,
    get versions() {
      return engineVersions(engine);
    },
    nodes: (plan?.nodes ?? []).map(({ name, index }) => ({
      name,
      ask: async (commands) => await (connections[index] ?? missing("no connection yet")).texts(commands),
      state: async () => await (containers[index] ?? missing("no container yet")).state(),
      log: async (tail) =>
        await (containers[index] ?? missing("no container yet")).logs({ tail, timestamps: true }),
    })),
  };
}

function missing(what: string): never {
  throw new Error(what);
}
