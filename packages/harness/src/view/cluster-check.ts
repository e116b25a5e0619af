import type { ClusterView, Disagreement } from "./cluster-view.ts";
import { rejectingOwners } from "./slot-owners.ts";

/** What `redis-cli --cluster check` checks, as data, with a healthy cluster's every other sign beside it. */
export interface ClusterCheck {
  /** Every node answers, all say the same, and nothing is wrong. */
  readonly ok: boolean;
  /** All nodes that answered agree about slots, roles and members. redis-cli: "All nodes agree about slots configuration". */
  readonly configurationAgreed: boolean;
  /**
   * For each of the 16384 slots a node executes commands: it answers, owns the slot in its own view, and its
   * cluster_state is ok. A primary that does not answer here covers nothing, whatever the other nodes report of it.
   * redis-cli, which does not look at the state: "All 16384 slots covered".
   */
  readonly slotsCovered: boolean;
  /** No slot is being migrated or imported. redis-cli: "Check for open slots". */
  readonly noOpenSlots: boolean;
  /** Every node answered. */
  readonly allReachable: boolean;
  /** Everything that keeps `ok` from being true, one sentence each; slots that are not covered are named. */
  readonly problems: readonly string[];
}

const CONFIGURATION: readonly Disagreement["kind"][] = ["members", "role", "primary", "slots", "epoch"];

export function checkView(view: ClusterView): ClusterCheck {
  const none = (...kinds: readonly Disagreement["kind"][]): boolean =>
    !view.disagreements.some(({ kind }) => kinds.includes(kind));
  return {
    ok: view.agreed,
    configurationAgreed: none(...CONFIGURATION),
    slotsCovered: none("coverage") && rejectingOwners(view.views).length === 0,
    noOpenSlots: none("open-slot"),
    allReachable: none("unreachable"),
    problems: view.disagreements.map(({ message }) => message),
  };
}
