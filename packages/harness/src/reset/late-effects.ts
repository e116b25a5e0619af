import { RedisClusterError, summarize } from "../errors.ts";
import { findLastingNonClusterCommands } from "./command-effects.ts";
import type { Fingerprint } from "./fingerprint.ts";
import { describeCommands, expectedMarks, STATISTICS_MARK } from "./irreversible-changes.ts";

/** The error of a cleaning after which the processes of some nodes must be replaced, although that was unknown before. */
export class NodesToRecreateError extends RedisClusterError {
  /** The reasons by the names of the nodes. */
  readonly nodes: ReadonlyMap<string, string>;

  constructor(nodes: ReadonlyMap<string, string>, advice = "") {
    super("RESET_FAILED", `${summarize([...nodes.values()])}.${advice}`);
    this.nodes = nodes;
  }
}

/** The error of a reset during which a client has changed nodes in a way that commands may not revert. */
export class LateEffectsError extends NodesToRecreateError {
  constructor(nodes: ReadonlyMap<string, string>) {
    super(nodes, " If an application causes this, stop it before the reset.");
  }
}

/** @throws NodesToRecreateError if the map is not empty. */
export function requireNoNodesToRecreate(nodes: ReadonlyMap<string, string>): void {
  if (nodes.size > 0) throw new NodesToRecreateError(nodes);
}

/** @throws LateEffectsError if the map is not empty. */
export function requireNoLateEffects(nodes: ReadonlyMap<string, string>): void {
  if (nodes.size > 0) throw new LateEffectsError(nodes);
}

/** A cleaned node and the commands that were called on it before. */
export interface CleanedNode {
  readonly before: Fingerprint;
  /** The call counts from the last reset of the statistics until the cleaning. */
  readonly calls: ReadonlyMap<string, number>;
  /** Whether the node has another process than in the baseline, whose statistics were not reset before the cleaning. */
  readonly isNewProcess: boolean;
}

/**
 * Verifies the nodes of a cluster that is being formed again: no client may have called commands with lasting effects before the
 * cleaning, or hidden such calls.
 *
 * @throws LateEffectsError if a client has.
 */
export function requireNoLateCommands(nodes: readonly CleanedNode[]): void {
  const late = nodes.flatMap((node) => describeLateEffects(node, findLastingNonClusterCommands(node.calls)));
  requireNoLateEffects(new Map(late));
}

/**
 * Returns the name of a node and a sentence about what happened to it before it was cleaned, or nothing if nothing happened.
 *
 * @param lasting the called commands whose effects last or are unknown.
 */
export function describeLateEffects(
  { before, calls, isNewProcess }: CleanedNode,
  lasting: readonly string[],
): readonly (readonly [node: string, reason: string])[] {
  const { node } = before;
  const mayHideCalls = !isNewProcess && (calls.get(STATISTICS_MARK) ?? 0) < expectedMarks(before);
  const reasons = [
    ...(lasting.length > 0 ? [describeCommands(node, lasting)] : []),
    ...(mayHideCalls ? [`the command statistics of ${node} were reset`] : []),
  ];
  return reasons.length === 0 ? [] : [[node, duringReset(reasons)]];
}

/** Returns one sentence for changes of a node that happened during a reset. */
export function duringReset(reasons: readonly string[]): string {
  return `${reasons.join(" and ")} while reset() was running`;
}
