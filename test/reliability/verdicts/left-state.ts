import { RawConnections, STATE_KINDS, type StateKind } from "../../support/reset-kinds.ts";
import { oneOf, type Outcome, type ScenarioKind, type Setting } from "./scenario.ts";

// Faults that are seeded after a verified reset: a node has one kind of state that it must not have.

/** Kinds that are not compared: statistics, which the commands of the library itself change, and kinds that only Valkey has. */
const NOT_COMPARED: ReadonlySet<string> = new Set([
  "connections that replicate",
  "statistics of commands and errors",
  "statistics of slots",
  "the logs of large requests and replies",
]);
/** Kinds that a cluster without `enable-debug-command` rejects. */
const REJECTED: ReadonlySet<string> = new Set(["switches of DEBUG"]);

const COMPARED_KINDS: readonly StateKind[] = STATE_KINDS.filter(
  ({ name }) => !NOT_COMPARED.has(name) && !REJECTED.has(name),
);

/** Leaves a kind of state on a node after a verified reset, and checks that the comparison with the start finds it. */
async function leaveAfterReset({ cluster, random }: Setting): Promise<Outcome> {
  await cluster.reset();
  const changesBefore = await cluster.findChanges();
  const kind = oneOf(random, COMPARED_KINDS);
  const candidates = kind.on === "replica" ? await cluster.replicas() : await cluster.primaries();
  const node = oneOf(random, candidates);
  using connections = new RawConnections();
  await kind.leave({ cluster, node, send: connections.to(node) });
  const changes = await cluster.findChanges();
  const wrong = [
    ...changesBefore.map((change) => `found directly after a reset: ${change}`),
    ...(changes.length > 0 ? [] : [`${kind.name} on ${node.name}: not found`]),
  ];
  return { what: `${kind.name} left on ${node.name}`, wrong };
}

export const LEFT_STATE: readonly ScenarioKind[] = [
  { name: "state left after a reset", weight: 8, run: leaveAfterReset },
];
