import { RedisClusterError, summarize } from "../errors.ts";
import { lastingButFormation } from "./effects.ts";
import type { Fingerprint } from "./fingerprint.ts";
import { commandNames, marksOf, STATISTICS_MARK } from "./traces.ts";

/** The process of some nodes cannot be kept, although that did not show before they were cleaned. */
export class NodesNotKept extends RedisClusterError {
  /** Names of the nodes, and why. */
  readonly nodes: ReadonlyMap<string, string>;

  constructor(nodes: ReadonlyMap<string, string>, advice = "") {
    super("RESET_FAILED", `${summarize([...nodes.values()])}.${advice}`);
    this.nodes = nodes;
  }
}

/** Something with lasting effects was done to nodes while the cluster was being reset. */
export class LateEffects extends NodesNotKept {
  constructor(nodes: ReadonlyMap<string, string>) {
    super(nodes, " If an application does that at this moment, end it before the reset.");
  }
}

/** @throws NodesNotKept if there are any. */
export function requireKeptNodes(nodes: ReadonlyMap<string, string>): void {
  if (nodes.size > 0) throw new NodesNotKept(nodes);
}

/** @throws LateEffects if there are any. */
export function requireNoLateEffects(nodes: ReadonlyMap<string, string>): void {
  if (nodes.size > 0) throw new LateEffects(nodes);
}

/** A node that was cleaned, and what had been called on it by then. */
export interface CleanedNode {
  readonly before: Fingerprint;
  /** Since the statistics of its process were begun. */
  readonly calls: ReadonlyMap<string, number>;
  /** Its process is not the one of the baseline, and no statistics of it were ever begun again. */
  readonly isNew: boolean;
}

/**
 * Throws if a node of a cluster that is being formed again was told something with lasting effects before it was cleaned,
 * or may have been.
 *
 * @throws LateEffects
 */
export function requireNoLateCommands(nodes: readonly CleanedNode[]): void {
  const late = nodes.flatMap((each) => lateOn(each, lastingButFormation(each.calls)));
  requireNoLateEffects(new Map(late));
}

/** Returns the name of a node and a sentence about what happened to it before it was cleaned; nothing if nothing did. */
export function lateOn(
  { before, calls, isNew }: CleanedNode,
  lasting: readonly string[],
): readonly (readonly [node: string, why: string])[] {
  const { node } = before;
  const isHidden = !isNew && (calls.get(STATISTICS_MARK) ?? 0) < marksOf(before);
  const why = [
    ...(lasting.length > 0 ? [`${node} was told ${commandNames(lasting)}`] : []),
    ...(isHidden ? [`the statistics of ${node} were reset`] : []),
  ];
  return why.length === 0 ? [] : [[node, `${why.join(", ")} during the reset`]];
}
