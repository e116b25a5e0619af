import { RedisClusterError } from "../errors.ts";
import type { NodeRole } from "../plan/cluster-plan.ts";
import { newSeed, seededRandom } from "../plan/seeded-random.ts";
import { keySlot } from "../plan/slots.ts";
import type { ClusterView } from "../view/cluster-view.ts";
import { replicasOfShard, slotOwners } from "../view/slot-owners.ts";
import { holdsSlot } from "../view/slot-ranges.ts";
import { sample } from "./random.ts";
import { shown } from "./shown.ts";

/** Nodes by what they are now: asked of the nodes at the moment of the fault. */
export type Selector =
  /** The node that owns the key's slot, whether or not it executes commands at the moment. */
  | { readonly primaryOf: string }
  /** The replica of the key's shard that has received most, also while the primary is dead. */
  | { readonly replicaOf: string }
  /** All nodes of the key's shard that answer. */
  | { readonly shardOf: string }
  /** All nodes of a role. */
  | { readonly role: NodeRole }
  /** The smallest majority of the primaries, in the order of their names. */
  | { readonly majorityOf: "primaries" }
  /** So many nodes by chance, of a role or of all that answer; the same seed chooses the same from the same nodes. */
  | { readonly random: number; readonly role?: NodeRole | undefined; readonly seed?: number | undefined };

/** What a selector found. */
export interface Selection {
  readonly names: readonly string[];
  readonly seed: number | undefined;
}

/**
 * Finds the nodes that a selector, which `requireSelector` has let pass, means in a view.
 *
 * @param offsets replication offsets by node name, for the freshest replica.
 * @throws RedisClusterError INVALID_ARGUMENT where there are none such.
 */
export function select(
  selector: Selector,
  view: ClusterView,
  offsets: ReadonlyMap<string, number>,
): Selection {
  const owners = slotOwners(view.views);
  const primaries = owners.map(({ node }) => node).toSorted(byNumber);
  const replicas = replicasOfShard(view.views, undefined).toSorted(byNumber);
  const ofRole = (role: NodeRole | undefined): readonly string[] =>
    role === "primary"
      ? primaries
      : role === "replica"
        ? replicas
        : [...primaries, ...replicas].toSorted(byNumber);
  const shard = (
    key: string,
  ): { readonly primary: string | undefined; readonly followers: readonly string[] } => {
    const slot = keySlot(key);
    const primary = owners.find(({ slots }) => holdsSlot(slots, slot))?.node;
    // While a primary is dead and not replaced, its replicas still follow it.
    const owner = view.members.find(({ name, entry }) =>
      primary === undefined ? entry.role === "primary" && holdsSlot(entry.slots, slot) : name === primary,
    );
    const id = owner?.id;
    return { primary, followers: id === undefined ? [] : replicasOfShard(view.views, id) };
  };
  let seed: number | undefined;
  const names = ((): readonly (string | undefined)[] => {
    if ("primaryOf" in selector) return [shard(selector.primaryOf).primary];
    if ("replicaOf" in selector) {
      const { followers } = shard(selector.replicaOf);
      return followers.toSorted((a, b) => (offsets.get(b) ?? 0) - (offsets.get(a) ?? 0)).slice(0, 1);
    }
    if ("shardOf" in selector) {
      const { primary, followers } = shard(selector.shardOf);
      return [primary, ...followers];
    }
    if ("majorityOf" in selector) return primaries.slice(0, Math.floor(primaries.length / 2) + 1);
    if ("random" in selector) {
      seed = selector.seed ?? newSeed();
      const pool = ofRole(selector.role);
      if (selector.random > pool.length) {
        throw nothingFor(
          selector,
          `expected at least ${selector.random} nodes to choose from, got ${pool.length}`,
        );
      }
      return sample(pool, selector.random, seededRandom(seed));
    }
    return ofRole(selector.role);
  })();
  const found = names.filter((name) => name !== undefined);
  if (found.length === 0) throw nothingFor(selector, "expected a node that answers and fits, got none");
  return { names: found, seed };
}

function nothingFor(selector: Selector, reason: string): RedisClusterError {
  return new RedisClusterError(
    "INVALID_ARGUMENT",
    `Target ${shown(selector)} selects no node: ${reason}. \`cluster.view()\` shows what each node says.`,
    {
      details: { selector },
    },
  );
}

/** `node-10` after `node-9`. */
function byNumber(one: string, other: string): number {
  return one.localeCompare(other, "en", { numeric: true });
}
