import { assertPromotedReplica, assertRecoveredWithin, type Failover } from "testcontainers-redis-cluster";
import { keyOf } from "./outages.ts";
import { between, oneOf, type Outcome, type ScenarioKind, type Setting } from "./scenario.ts";

// Faults that are seeded into an observed failover: one phase happened at another time than was recorded, or what it says of
// promotions and of acknowledged writes is something else.

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

/** A change to what a failover says besides its phases. */
interface Change {
  readonly what: string;
  readonly fields: Partial<Failover>;
}

/** Observes a failover, changes what it says of promotions or writes, and lets the assertions judge both. */
async function changedNumbers(setting: Setting): Promise<Outcome> {
  const { random } = setting;
  const failover = await (random() < 0.5 ? splitBrain(setting) : afterKill(setting));
  const { what, fields } = oneOf(random, changesOf(failover, random));
  const wrong = [
    ...complaintsAbout(failover).map((each) => `false alarm: ${each}`),
    ...(complaintsAbout({ ...failover, ...fields }).length > 0 ? [] : [`${what} was accepted`]),
  ];
  return { what: `${what}, of ${failover.failed.name} → ${failover.promoted.name}`, wrong };
}

async function afterKill({ cluster, random }: Setting): Promise<Failover> {
  const key = keyOf(between(random, 0, 2));
  return await cluster.observeFailover(async () => await cluster.killMaster(key));
}

/** The old primary is cut off from the nodes only, so it acknowledges for a while what is lost. */
async function splitBrain({ cluster, random }: Setting): Promise<Failover> {
  const key = keyOf(between(random, 0, 2));
  const old = await cluster.primaryOf(key);
  const [replica] = await cluster.replicasOf(key);
  return await cluster.observeFailover(async () => {
    const cut = await cluster.isolate(old, { plane: "bus" });
    await cluster.failover(replica ?? "", { mode: "takeover" });
    return cut;
  });
}

function changesOf(failover: Failover, random: () => number): readonly Change[] {
  const { promotions, lastWriteMs, acknowledgedByOldPrimary: late, failed, nodes } = failover;
  const by = oneOf(random, [-1, 1]) * between(random, 20, 3_000);
  const change = (what: string, fields: Partial<Failover>): Change => ({ what, fields });
  const last = (fields: Partial<Failover["promotions"][number]>): Failover["promotions"] =>
    promotions.map((each, index) => (index === promotions.length - 1 ? { ...each, ...fields } : each));
  const stranger = oneOf(
    random,
    nodes.filter(({ name }) => name !== failover.promoted.name),
  );
  const invented = { name: failed.name, epoch: failover.epochBefore, atMs: between(random, 0, 50) };
  return [
    ...(lastWriteMs === undefined
      ? [change("an invented lastWriteMs", { lastWriteMs: -between(random, 0, 50) })]
      : [
          change(`lastWriteMs shifted by ${by} ms`, { lastWriteMs: lastWriteMs + by }),
          change("lastWriteMs left out", { lastWriteMs: undefined }),
        ]),
    change("the promotions left out", { promotions: [] }),
    change("an invented promotion", { promotions: [invented, ...promotions] }),
    change(`the promotion shifted by ${by} ms`, {
      promotions: last({ atMs: (promotions.at(-1)?.atMs ?? 0) + by }),
    }),
    change(`the promotion said to be of ${stranger.name}`, { promotions: last({ name: stranger.name }) }),
    change("the promotion with the epoch of before", {
      promotions: last({ epoch: failover.epochBefore }),
    }),
    ...(late.lastMs === undefined
      ? [
          change("an invented write of the old primary", {
            acknowledgedByOldPrimary: { count: 1, lastMs: (promotions.at(-1)?.atMs ?? 0) + Math.abs(by) },
          }),
        ]
      : [
          change(`writes of the old primary ${by} ms from where they ended`, {
            acknowledgedByOldPrimary: { ...late, lastMs: late.lastMs + by },
          }),
          change("one write of the old primary more", {
            acknowledgedByOldPrimary: { ...late, count: late.count + 1 },
          }),
          change("writes of the old primary left out", {
            acknowledgedByOldPrimary: { count: 0, lastMs: undefined },
          }),
        ]),
  ];
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
  { name: "changed promotions or writes of a failover", weight: 6, run: changedNumbers },
];
