import { STATE_KINDS, type Kind, Wires } from "../../support/reset-kinds.ts";
import { oneOf, type Outcome, type ScenarioKind, type Setting } from "./scenario.ts";

// Faults that are seeded into a verified reset: one piece of state is there although nothing should be.

/** Statistics are not compared: the library's own questions change them. Valkey alone has the others. */
const NOT_COMPARED: ReadonlySet<string> = new Set([
  "connections that replicate",
  "statistics of commands and errors",
  "statistics of slots",
  "the logs of large requests and replies",
]);
/** What a cluster without `enable-debug-command` refuses. */
const REFUSED: ReadonlySet<string> = new Set(["switches of DEBUG"]);

const LEFT: readonly Kind[] = STATE_KINDS.filter(({ name }) => !NOT_COMPARED.has(name) && !REFUSED.has(name));

/** Leaves a kind of state on a node after a verified reset, and looks whether the comparison with the start finds it. */
async function leftAfterReset({ cluster, random }: Setting): Promise<Outcome> {
  await cluster.reset();
  const clean = await cluster.findChanges();
  const kind = oneOf(random, LEFT);
  const roles = kind.on === "replica" ? await cluster.replicas() : await cluster.primaries();
  const node = oneOf(random, roles);
  using wires = new Wires();
  await kind.leave({ cluster, node, wire: wires.to(node) });
  const found = await cluster.findChanges();
  const wrong = [
    ...clean.map((each) => `found on a cluster that had just been reset: ${each}`),
    ...(found.length > 0 ? [] : [`${kind.name} on ${node.name} were not found`]),
  ];
  return { what: `${kind.name} left on ${node.name}`, wrong };
}

export const LEFT_STATE: readonly ScenarioKind[] = [
  { name: "state left after a reset", weight: 8, run: leftAfterReset },
];
