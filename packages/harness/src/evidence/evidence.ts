import type { ClusterPlan } from "../plan/cluster-plan.ts";
import type { ClusterCheck } from "../view/check.ts";
import type { ClusterView } from "../view/cluster-view.ts";
import type { Answer } from "./answer.ts";
import type { HistoryView } from "./cluster-history.ts";

/** What the engine says of a node's container. */
interface EvidenceState {
  readonly status: string;
  readonly exitCode: number | undefined;
  readonly oomKilled: boolean;
}

/** One node as this room needs it. Each call may take as long as it likes, and may reject. */
export interface EvidenceNode {
  readonly name: string;
  /** The address at which this process cannot reach the node, and why; undefined while it is connected, or if nothing connects yet. */
  readonly unreachableAt: string | undefined;
  /** Sends commands in one go and gives all replies as text. */
  ask(commands: readonly (readonly [string, string])[]): Promise<readonly string[]>;
  state(): Promise<EvidenceState>;
  /** The last lines that its container printed, each after the engine's stamp. */
  log(tail: number): Promise<string>;
}

/** The cluster as this room needs it, or what there is of it; whoever has the cluster hands it in. */
export interface EvidenceSource {
  /** Undefined where a start failed before there was one. */
  readonly plan: ClusterPlan | undefined;
  readonly nodes: readonly EvidenceNode[];
  readonly history: HistoryView;
  /** What it runs on, by name: `testcontainers`, `engine`, … */
  readonly versions: Readonly<Record<string, string>>;
}

/** What one node had to say. */
export interface NodeEvidence {
  readonly name: string;
  readonly state: Answer<EvidenceState>;
  /** As of {@link EvidenceNode}. */
  readonly unreachableAt: string | undefined;
  /** The fields of INFO by section. */
  readonly info: Answer<Readonly<Record<string, Readonly<Record<string, string>>>>>;
  readonly log: Answer<string>;
}

/** Everything that is known of a cluster at one moment. It holds secrets: only what is written is without. */
export interface EvidenceBundle {
  /** What failed, in a line. */
  readonly title: string;
  /** As `Date.now()` tells. */
  readonly at: number;
  /** What was thrown, if anything. */
  readonly error: unknown;
  readonly plan: ClusterPlan | undefined;
  readonly nodes: readonly NodeEvidence[];
  /** Undefined where there is no node yet. */
  readonly view: ClusterView | undefined;
  readonly check: ClusterCheck | undefined;
  readonly history: HistoryView;
  /** By name; each node's server under the node's name. */
  readonly versions: Readonly<Record<string, string>>;
}
