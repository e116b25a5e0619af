import type { ClusterPlan } from "../plan/cluster-plan.ts";
import type { ClusterCheck } from "../view/cluster-check.ts";
import type { ClusterView } from "../view/cluster-view.ts";
import type { Answer } from "./answer.ts";
import type { HistoryView } from "./cluster-history.ts";

/** The state of a node's container, as the engine reports it. */
interface EvidenceState {
  readonly status: string;
  readonly exitCode: number | undefined;
  readonly oomKilled: boolean;
}

/** A node from which evidence is collected. Each call may take any time, and may reject. */
export interface EvidenceNode {
  readonly name: string;
  /**
   * The address at which this process cannot reach the node, and why. Undefined while the node is connected, or if no connection
   * has been started yet.
   */
  readonly unreachableAt: string | undefined;
  /** Sends commands in one pipeline, and returns all replies as text. */
  query(commands: readonly (readonly [string, string])[]): Promise<readonly string[]>;
  state(): Promise<EvidenceState>;
  /** Returns the last lines of the container's output, each after the timestamp of the engine. */
  log(tail: number): Promise<string>;
}

/** A cluster from which evidence is collected, or what a start has created of it so far. */
export interface EvidenceSource {
  /** Undefined if a start failed before there was a plan. */
  readonly plan: ClusterPlan | undefined;
  readonly nodes: readonly EvidenceNode[];
  readonly history: HistoryView;
  /** The versions of what the cluster runs on, by name: `testcontainers`, `engine`, … */
  readonly versions: Readonly<Record<string, string>>;
}

/** The evidence of one node. */
export interface NodeEvidence {
  readonly name: string;
  readonly state: Answer<EvidenceState>;
  /** See {@link EvidenceNode}. */
  readonly unreachableAt: string | undefined;
  /** The fields of INFO, by section. */
  readonly info: Answer<Readonly<Record<string, Readonly<Record<string, string>>>>>;
  readonly log: Answer<string>;
}

/** Everything that is known about a cluster at one moment. It contains secrets: they are redacted when it is written. */
export interface EvidenceBundle {
  /** One line of text: what failed. */
  readonly title: string;
  /** When the collection started, in milliseconds since 1970, as `Date.now()` returns them. */
  readonly at: number;
  /** What was thrown; undefined if nothing was. */
  readonly error: unknown;
  readonly plan: ClusterPlan | undefined;
  readonly nodes: readonly NodeEvidence[];
  /** Undefined if there is no node yet. */
  readonly view: ClusterView | undefined;
  /** Undefined if there is no node yet. */
  readonly check: ClusterCheck | undefined;
  readonly history: HistoryView;
  /** Versions by name. The version of each server is under the name of its node. */
  readonly versions: Readonly<Record<string, string>>;
}
