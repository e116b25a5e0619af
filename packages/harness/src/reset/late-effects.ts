import { RedisClusterError, summarize } from "../errors.ts";
import { findLastingNonClusterCommands } from "./command-effects.ts";
import type { Fingerprint } from "./fingerprint.ts";
import { formatCommands, expectedMarks, STATISTICS_MARK } from "./irreversible-changes.ts";

/** The process of some nodes cannot be kept, although that did not show before they were cleaned. */
export class NodesToRecreateError extends RedisClusterError {
  /** Names of the nodes, and why. */
  readonly nodes: ReadonlyMap<string, string>;

  constructor(nodes: ReadonlyMap<string, string>, advice = "") {
    super("RESET_FAILED", `${summarize([...nodes.values()])}.${advice}`);
    this.nodes = nodes;
  }
}

/** Something with lasting effects was done to nodes while the cluster was being reset. */
export class LateEffectsError extends NodesToRecreateError {
  constructor(nodes: ReadonlyMap<string, string>) {
    super(nodes, " If an application does that at this moment, end it before the reset.");
  }
}

/** @throws NodesToRecreateError if there are any. */
export function requireNoNodesToRecreate(nodes: ReadonlyMap<string, string>): void {
  if (nodes.size > 0) throw new NodesToRecreateError(nodes);
}

/** @throws LateEffectsError if there are any. */
export function requireNoLateEffects(nodes: ReadonlyMap<string, string>): void {
  if (nodes.size > 0) throw new LateEffectsError(nodes);
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
 * @throws LateEffectsError
 */
export function requireNoLateCommands(nodes: readonly CleanedNode[]): void {
  const late = nodes.flatMap((each) => describeLateEffects(each, findLastingNonClusterCommands(each.calls)));
  requireNoLateEffects(new Map(late));
}

/** Returns the name of a node and a sentence about what happened to it before it was cleaned; nothing if nothing did. */
export function describeLateEffects(
  { before, calls, isNew }: CleanedNode,
  lasting: readonly string[],
): readonly (readonly [node: string, why: string])[] {
  const { node } = before;
  const isHidden = !isNew && (calls.get(STATISTICS_MARK) ?? 0) < expectedMarks(before);
  const why = [
    ...(lasting.length > 0 ? [`${node} was told ${formatCommands(lasting)}`] : []),
    ...(isHidden ? [`the statistics of ${node} were reset`] : []),
  ];
  return why.length === 0 ? [] : [[node, `${why.join(", ")} during the reset`]];
}
