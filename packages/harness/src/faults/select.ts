import { RedisClusterError } from "../errors.ts";
import type { NodeRole } from "../plan/cluster-plan.ts";
import { newSeed, seededRandom } from "../plan/seeded-random.ts";
import { keySlot } from "../plan/slots.ts";
import type { ClusterView } from "../view/cluster-view.ts";
import { replicasOfShard, slotOwners } from "../view/slot-owners.ts";
import { holdsSlot } from "../view/slot-ranges.ts";
import { formatValue } from "../schema/format-value.ts";
import { sample } from "./sample.ts";

/** Selects nodes by their current state, which the nodes are asked for at the moment of the fault. */
export type Selector =
  /** The node that owns the slot of the key, whether or not it executes commands at the moment. */
  | { readonly primaryOf: string }
  /** The replica of the key's shard that has received the most data, also if the primary is dead. */
  | { readonly replicaOf: string }
  /** All nodes of the key's shard that answer. */
  | { readonly shardOf: string }
  /** All nodes that have the role and answer. */
  | { readonly role: NodeRole }
  /** The smallest majority of the primaries: the first ones in the order of their names. */
  | { readonly majorityOf: "primaries" }
  /** This number of random nodes that answer and, if given, have the role. A seed selects the same from the same candidates. */
  | { readonly random: number; readonly role?: NodeRole | undefined; readonly seed?: number | undefined };

/** The result of a selector. */
export interface Selection {
  /** The names of the selected nodes. */
  readonly names: readonly string[];
  /** The seed if nodes were chosen at random; otherwise undefined. */
  readonly seed: number | undefined;
}

/**
 * Returns the nodes that a selector selects in a view.
 *
 * @param selector has been validated.
 * @param offsets the replication offsets by node name. Only `replicaOf` needs them.
 * @throws RedisClusterError INVALID_ARGUMENT if the selector selects no node, or `random` is greater than the number of
 * candidates.
 */
export function select(
  selector: Selector,
  view: ClusterView,
  offsets: ReadonlyMap<string, number>,
): Selection {
  const owners = slotOwners(view.views);
  const primaries = owners.map(({ node }) => node).toSorted(byNumber);
  const replicas = replicasOfShard(view.views, undefined).toSorted(byNumber);
  const nodesWithRole = (role: NodeRole | undefined): readonly string[] =>
    role === "primary"
      ? primaries
      : role === "replica"
        ? replicas
        : [...primaries, ...replicas].toSorted(byNumber);
  const shardOf = (
    key: string,
  ): { readonly primary: string | undefined; readonly replicas: readonly string[] } => {
    const slot = keySlot(key);
    const primary = owners.find(({ slots }) => holdsSlot(slots, slot))?.node;
    // The replicas of a dead primary still follow it until it is replaced.
    const owner = view.members.find(({ name, entry }) =>
      primary === undefined ? entry.role === "primary" && holdsSlot(entry.slots, slot) : name === primary,
    );
    const id = owner?.id;
    return { primary, replicas: id === undefined ? [] : replicasOfShard(view.views, id) };
  };
  let seed: number | undefined;
  const names = ((): readonly (string | undefined)[] => {
    if ("primaryOf" in selector) return [shardOf(selector.primaryOf).primary];
    if ("replicaOf" in selector) {
      const shard = shardOf(selector.replicaOf);
      return shard.replicas.toSorted((a, b) => (offsets.get(b) ?? 0) - (offsets.get(a) ?? 0)).slice(0, 1);
    }
    if ("shardOf" in selector) {
      const shard = shardOf(selector.shardOf);
      return [shard.primary, ...shard.replicas];
    }
    if ("majorityOf" in selector) return primaries.slice(0, Math.floor(primaries.length / 2) + 1);
    if ("random" in selector) {
      seed = selector.seed ?? newSeed();
      const candidates = nodesWithRole(selector.role);
      if (selector.random > candidates.length) {
        throw emptySelection(
          selector,
          `expected at least ${selector.random} nodes to choose from, got ${candidates.length}`,
        );
      }
      return sample(candidates, selector.random, seededRandom(seed));
    }
    return nodesWithRole(selector.role);
  })();
  const selected = names.filter((name) => name !== undefined);
  if (selected.length === 0) {
    throw emptySelection(selector, "expected a node that answers and matches the selector, got none");
  }
  return { names: selected, seed };
}

function emptySelection(selector: Selector, reason: string): RedisClusterError {
  return new RedisClusterError(
    "INVALID_ARGUMENT",
    `Target ${formatValue(selector)} selects no node: ${reason}. \`cluster.view()\` returns the state of every node.`,
    {
      details: { selector },
    },
  );
}

/** Compares names so that `node-10` is after `node-9`. */
function byNumber(one: string, other: string): number {
  return one.localeCompare(other, "en", { numeric: true });
}
