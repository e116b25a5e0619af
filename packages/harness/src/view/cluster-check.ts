import type { ClusterView, Disagreement } from "./cluster-view.ts";
import { rejectingOwners } from "./slot-owners.ts";

/** The checks of `redis-cli --cluster check` as data, together with every other condition of a healthy cluster. */
export interface ClusterCheck {
  /** Whether every node answers, all views agree, and nothing is wrong. */
  readonly ok: boolean;
  /**
   * Whether all nodes that answered agree about slots, roles and members. redis-cli prints "All nodes agree about slots
   * configuration".
   */
  readonly configurationAgreed: boolean;
  /**
   * Whether each of the 16384 slots has a node that executes commands: the node answers, owns the slot in its own view, and its
   * cluster_state is ok. A primary that does not answer covers no slots, whatever other nodes report about it. redis-cli, which
   * ignores the state, prints "All 16384 slots covered".
   */
  readonly slotsCovered: boolean;
  /** Whether no slot is being migrated or imported. redis-cli prints "Check for open slots". */
  readonly noOpenSlots: boolean;
  /** Whether every node answered. */
  readonly allReachable: boolean;
  /** The reasons why `ok` is false, one sentence each. They include the slots that are not covered. */
  readonly problems: readonly string[];
}

const CONFIGURATION: readonly Disagreement["kind"][] = ["members", "role", "primary", "slots", "epoch"];

/** Checks a view. An unhealthy cluster is described, and causes no error. */
export function checkView(view: ClusterView): ClusterCheck {
  const hasNone = (...kinds: readonly Disagreement["kind"][]): boolean =>
    !view.disagreements.some(({ kind }) => kinds.includes(kind));
  return {
    ok: view.agreed,
    configurationAgreed: hasNone(...CONFIGURATION),
    slotsCovered: hasNone("coverage") && rejectingOwners(view.views).length === 0,
    noOpenSlots: hasNone("open-slot"),
    allReachable: hasNone("unreachable"),
    problems: view.disagreements.map(({ message }) => message),
  };
}
