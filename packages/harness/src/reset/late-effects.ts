import { RedisClusterError, summarize } from "../errors.ts";
import { lastingButFormation } from "./effects.ts";
import { commandNames } from "./traces.ts";

type Calls = ReadonlyMap<string, number>;

/** Something with lasting effects was done to nodes while the cluster was being reset, so these must be replaced. */
export class LateEffects extends RedisClusterError {
  /** Names of the nodes whose process cannot be kept, and why. */
  readonly nodes: ReadonlyMap<string, string>;

  constructor(nodes: ReadonlyMap<string, string>) {
    const what = summarize([...nodes.values()]);
    super("RESET_FAILED", `${what}. If an application does that at this moment, end it before the reset.`);
    this.nodes = nodes;
  }
}

/** @throws LateEffects if there are any. */
export function requireNoLateEffects(nodes: ReadonlyMap<string, string>): void {
  if (nodes.size > 0) throw new LateEffects(nodes);
}

/**
 * Throws if a node that was kept or started anew was told something with lasting effects before it was cleaned.
 *
 * @param calls names of nodes, and what was called on each since it was looked at, or since it was started.
 * @throws LateEffects
 */
export function requireNoLateCommands(calls: readonly (readonly [node: string, calls: Calls])[]): void {
  const told = calls.map(([node, each]) => [node, lastingButFormation(each)] as const);
  requireNoLateEffects(
    new Map(
      told.filter(([, names]) => names.length > 0).map(([node, names]) => [node, toldLate(node, names)]),
    ),
  );
}

/** A sentence about commands that a node was told during a reset. */
export function toldLate(node: string, names: readonly string[]): string {
  return `${node} was told ${commandNames(names)} during the reset`;
}
