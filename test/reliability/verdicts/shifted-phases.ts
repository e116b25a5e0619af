import { assertPromotedReplica, assertRecoveredWithin, type Failover } from "testcontainers-redis-cluster";
import { between, oneOf, type Outcome, type ScenarioKind, type Setting } from "./scenario.ts";

// Faults that are seeded into an observed failover: one phase happened at another time than was recorded.

/** Longer than any failover of these runs takes. */
const LIMIT_MS = 60_000;

/** Observes a failover, shifts one phase of it, and lets the assertions judge both. */
async function shiftedPhase({ cluster, random }: Setting): Promise<Outcome> {
  const key = `order:${between(random, 0, 99)}`;
  const killed = random() < 0.5;
  const failover = await cluster.observeFailover(async () =>
    killed ? await cluster.killMaster(key) : await cluster.failover({ replicaOf: key }),
  );
  const seen = Object.entries(failover.phases).flatMap(([phase, at]) =>
    typeof at === "number" && phase !== "announcedDelayMs" ? [phase] : [],
  );
  const phase = oneOf(random, seen);
  const by = oneOf(random, [-1, 1]) * between(random, 20, 3_000);
  const phases = { ...failover.phases, [phase]: Number(Reflect.get(failover.phases, phase)) + by };
  const wrong = [
    ...complaintsAbout(failover).map((each) => `false alarm: ${each}`),
    ...(complaintsAbout({ ...failover, phases }).length > 0
      ? []
      : [`${phase} shifted by ${by} ms was accepted`]),
  ];
  return { what: `${phase} of a ${killed ? "killed" : "replaced"} primary shifted by ${by} ms`, wrong };
}

/** What the assertions refuse of a failover. */
function complaintsAbout(failover: Failover): readonly string[] {
  const assertions = [
    () => assertPromotedReplica(failover, { withinMs: LIMIT_MS }),
    () => assertRecoveredWithin(failover, LIMIT_MS),
  ];
  return assertions.flatMap((assertion) => {
    try {
      assertion();
      return [];
    } catch (error) {
      return [String(error).split("\n")[0] ?? ""];
    }
  });
}

export const SHIFTED_PHASES: readonly ScenarioKind[] = [
  { name: "shifted phase of a failover", weight: 5, run: shiftedPhase },
];
