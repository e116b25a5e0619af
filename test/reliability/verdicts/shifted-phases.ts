import { assertPromotedReplica, assertRecoveredWithin, type Failover } from "testcontainers-redis-cluster";
import { keyOf } from "./outages.ts";
import { between, oneOf, type Outcome, type ScenarioKind, type Setting } from "./scenario.ts";

// Faults that are seeded into an observed failover: the time of a phase, or the data about promotions and acknowledged writes, is
// changed after the observation.

/** A limit that is longer than any failover of these runs. */
const LIMIT_MS = 60_000;

/** Observes a failover, shifts one phase, and checks both versions with the assertions. */
async function shiftPhase({ cluster, random }: Setting): Promise<Outcome> {
  const key = `order:${between(random, 0, 99)}`;
  const isKill = random() < 0.5;
  const failover = await cluster.observeFailover(async () =>
    isKill ? await cluster.killMaster(key) : await cluster.failover({ replicaOf: key }),
  );
  const knownPhases = Object.entries(failover.phases).flatMap(([phase, at]) =>
    typeof at === "number" && phase !== "announcedDelayMs" ? [phase] : [],
  );
  const phase = oneOf(random, knownPhases);
  const by = oneOf(random, [-1, 1]) * between(random, 20, 3_000);
  const phases = { ...failover.phases, [phase]: Number(Reflect.get(failover.phases, phase)) + by };
  const wrong = [
    ...findRejections(failover).map((rejection) => `false alarm: ${rejection}`),
    ...(findRejections({ ...failover, phases }).length > 0
      ? []
      : [`${phase} shifted by ${by} ms was accepted`]),
  ];
  return { what: `${phase} of a ${isKill ? "killed" : "replaced"} primary shifted by ${by} ms`, wrong };
}

/** A change of the data of a failover, except for its phases. */
interface Change {
  readonly what: string;
  readonly fields: Partial<Failover>;
}

/** Observes a failover, changes its promotions or writes, and checks both versions with the assertions. */
async function changeData(setting: Setting): Promise<Outcome> {
  const { random } = setting;
  const failover = await (random() < 0.5 ? observeSplitBrain(setting) : observeKill(setting));
  const { what, fields } = oneOf(random, changesOf(failover, random));
  const wrong = [
    ...findRejections(failover).map((rejection) => `false alarm: ${rejection}`),
    ...(findRejections({ ...failover, ...fields }).length > 0 ? [] : [`${what} was accepted`]),
  ];
  return { what: `${what}, of ${failover.failed.name} → ${failover.promoted.name}`, wrong };
}

async function observeKill({ cluster, random }: Setting): Promise<Failover> {
  const key = keyOf(between(random, 0, 2));
  return await cluster.observeFailover(async () => await cluster.killMaster(key));
}

/** Isolates the old primary from the nodes but not from clients, so that it acknowledges writes that are lost. */
async function observeSplitBrain({ cluster, random }: Setting): Promise<Failover> {
  const key = keyOf(between(random, 0, 2));
  const old = await cluster.primaryOf(key);
  const [replica] = await cluster.replicasOf(key);
  return await cluster.observeFailover(async () => {
    const isolation = await cluster.isolate(old, { plane: "bus" });
    await cluster.failover(replica ?? "", { mode: "takeover" });
    return isolation;
  });
}

function changesOf(failover: Failover, random: () => number): readonly Change[] {
  const { promotions, lastWriteMs, acknowledgedByOldPrimary: oldWrites, failed, nodes } = failover;
  const by = oneOf(random, [-1, 1]) * between(random, 20, 3_000);
  const change = (what: string, fields: Partial<Failover>): Change => ({ what, fields });
  const changeLast = (fields: Partial<Failover["promotions"][number]>): Failover["promotions"] =>
    promotions.map((promotion, index) =>
      index === promotions.length - 1 ? { ...promotion, ...fields } : promotion,
    );
  const otherNode = oneOf(
    random,
    nodes.filter(({ name }) => name !== failover.promoted.name),
  );
  const invented = { name: failed.name, epoch: failover.epochBefore, atMs: between(random, 0, 50) };
  return [
    ...(lastWriteMs === undefined
      ? [change("an invented lastWriteMs", { lastWriteMs: -between(random, 0, 50) })]
      : [
          change(`lastWriteMs shifted by ${by} ms`, { lastWriteMs: lastWriteMs + by }),
          change("lastWriteMs omitted", { lastWriteMs: undefined }),
        ]),
    change("the promotions omitted", { promotions: [] }),
    change("an invented promotion", { promotions: [invented, ...promotions] }),
    change(`the promotion shifted by ${by} ms`, {
      promotions: changeLast({ atMs: (promotions.at(-1)?.atMs ?? 0) + by }),
    }),
    change(`the promotion attributed to ${otherNode.name}`, {
      promotions: changeLast({ name: otherNode.name }),
    }),
    change("the promotion with the previous epoch", {
      promotions: changeLast({ epoch: failover.epochBefore }),
    }),
    ...(oldWrites.lastMs === undefined
      ? [
          change("an invented write of the old primary", {
            acknowledgedByOldPrimary: { count: 1, lastMs: (promotions.at(-1)?.atMs ?? 0) + Math.abs(by) },
          }),
        ]
      : [
          change(`the last write of the old primary shifted by ${by} ms`, {
            acknowledgedByOldPrimary: { ...oldWrites, lastMs: oldWrites.lastMs + by },
          }),
          change("one additional write of the old primary", {
            acknowledgedByOldPrimary: { ...oldWrites, count: oldWrites.count + 1 },
          }),
          change("writes of the old primary omitted", {
            acknowledgedByOldPrimary: { count: 0, lastMs: undefined },
          }),
        ]),
  ];
}

/** Returns the errors of the assertions that reject a failover. */
function findRejections(failover: Failover): readonly string[] {
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
  { name: "shifted phase of a failover", weight: 5, run: shiftPhase },
  { name: "changed promotions or writes of a failover", weight: 6, run: changeData },
];
