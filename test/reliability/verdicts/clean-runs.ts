import {
  assertLostNoAcknowledgedWrites,
  type ClusterWorkloadOptions,
  type Ledger,
  type StartedRedisCluster,
} from "testcontainers-redis-cluster";
import { keyOf } from "./outages.ts";
import {
  between,
  compare,
  moreWrites,
  oneOf,
  type Outcome,
  type ScenarioKind,
  type Setting,
  waitUntil,
  workloadOptions,
} from "./scenario.ts";

// Runs in which every acknowledged write survives the disturbance of the cluster, so every finding is a false alarm. If a primary
// fails, only writes that its replica has confirmed count as acknowledged, because other writes may be lost.

/** Something that is done to the cluster during a run. */
interface Disturbance {
  readonly name: string;
  readonly weight: number;
  /** Whether a primary fails or is replaced without its consent. */
  readonly replacesPrimary: boolean;
  /** Disturbs the cluster. Resolves when the cluster accepts writes again. */
  disturb(setting: Setting, shard: number): Promise<void>;
}

/** Waits until another node is the primary of the shard. */
async function waitUntilReplaced(cluster: StartedRedisCluster, shard: number, old: string): Promise<void> {
  await waitUntil(`${old} is replaced`, async () => (await cluster.primaryOf(keyOf(shard))).name !== old, 20);
}

const DISTURBANCES: readonly Disturbance[] = [
  { name: "nothing", weight: 8, replacesPrimary: false, disturb: async () => {} },
  {
    name: "graceful failover",
    weight: 8,
    replacesPrimary: false,
    disturb: async ({ cluster }, shard) => {
      const [replica] = await cluster.replicasOf(keyOf(shard));
      await cluster.failover(replica ?? "");
    },
  },
  {
    name: "connections to a node closed",
    weight: 5,
    replacesPrimary: false,
    disturb: async ({ cluster, random }) => {
      await oneOf(random, cluster.nodes).client.call("CLIENT", "KILL", "TYPE", "normal");
    },
  },
  {
    name: "writes blocked for a moment",
    weight: 4,
    replacesPrimary: false,
    disturb: async ({ cluster, random }, shard) => {
      const { client } = await cluster.primaryOf(keyOf(shard));
      await client.call("CLIENT", "PAUSE", String(between(random, 20, 300)), "WRITE");
    },
  },
  {
    name: "replica killed and healed",
    weight: 3,
    replacesPrimary: false,
    disturb: async ({ cluster }, shard) => {
      await using _killed = await cluster.kill({ replicaOf: keyOf(shard) });
    },
  },
  {
    name: "primary paused for a moment",
    weight: 3,
    replacesPrimary: false,
    disturb: async ({ cluster }, shard) => {
      await using _paused = await cluster.pause({ primaryOf: keyOf(shard) });
    },
  },
  {
    name: "replication frozen for a while",
    weight: 2,
    replacesPrimary: false,
    disturb: async ({ cluster }, shard) => {
      await using _paused = await cluster.freezeReplication({ replicaOf: keyOf(shard) });
    },
  },
  {
    name: "replica isolated and healed",
    weight: 2,
    replacesPrimary: false,
    disturb: async ({ cluster }, shard) => {
      await using _isolated = await cluster.isolate({ replicaOf: keyOf(shard) });
    },
  },
  {
    name: "packets lost between the nodes",
    weight: 2,
    replacesPrimary: false,
    disturb: async ({ cluster, random }) => {
      await using _loss = await cluster.loss(oneOf(random, cluster.nodes), 0.1);
    },
  },
  {
    name: "primary killed and replaced",
    weight: 3,
    replacesPrimary: true,
    disturb: async ({ cluster }, shard) => {
      const old = await cluster.primaryOf(keyOf(shard));
      await using _killed = await cluster.kill(old);
      await waitUntilReplaced(cluster, shard, old.name);
    },
  },
  {
    name: "primary paused and replaced",
    weight: 2,
    replacesPrimary: true,
    disturb: async ({ cluster }, shard) => {
      const old = await cluster.primaryOf(keyOf(shard));
      await using _paused = await cluster.pause(old);
      await waitUntilReplaced(cluster, shard, old.name);
    },
  },
  {
    name: "primary isolated and replaced",
    weight: 2,
    replacesPrimary: true,
    disturb: async ({ cluster, random }, shard) => {
      const old = await cluster.primaryOf(keyOf(shard));
      await using _isolated = await cluster.isolate(old, { plane: oneOf(random, ["all", "bus"]) });
      await waitUntilReplaced(cluster, shard, old.name);
    },
  },
];

async function cleanRun(setting: Setting, disturbance: Disturbance): Promise<Outcome> {
  const { cluster, random } = setting;
  const randomOptions = workloadOptions(random);
  const options: ClusterWorkloadOptions = {
    ...randomOptions,
    ...(disturbance.replacesPrimary ? { wait: 1 } : {}),
    // A command that the client repeats after a closed connection may be applied twice, so the client must not repeat commands.
    client: {
      retryDelayOnFailover: 0,
      retryDelayOnClusterDown: 20,
      slotsRefreshInterval: 100,
      slotsRefreshTimeout: 500,
    },
  };
  const shard = between(random, 0, 2);
  await using workload = await cluster.startWorkload(options);
  await moreWrites(workload, between(random, 50, 150));
  await disturbance.disturb(setting, shard);
  if (disturbance.name !== "nothing") await cluster.waitUntilHealthy();
  await workload.waitForAcknowledged(shard, Date.now());
  await moreWrites(workload, between(random, 50, 150));
  const ledger = await workload.stop();
  return {
    what: `shard ${shard}, seed ${ledger.seed}`,
    wrong: [
      ...compare(ledger, []),
      ...findRejection(ledger),
      ...(disturbance.name === "nothing" ? findDisturbances(ledger) : []),
    ],
  };
}

/** Returns the error of the assertion that no write was lost, if it fails. */
function findRejection(ledger: Ledger): readonly string[] {
  try {
    assertLostNoAcknowledgedWrites(ledger);
    return [];
  } catch (error) {
    return [`false alarm: ${String(error).split("\n")[0]}`];
  }
}

/** Returns what the ledger of an undisturbed cluster must not contain. */
function findDisturbances(ledger: Ledger): readonly string[] {
  const { failed, unknown, shards, endedClients } = ledger;
  return [
    ...(failed + unknown > 0 ? [`false alarm: ${failed} failed, ${unknown} unknown`] : []),
    ...(endedClients.length > 0 ? ["false alarm: a client ended"] : []),
    ...shards.flatMap(({ shard, unavailableAtEndMs, acknowledgedBy }) => [
      ...(unavailableAtEndMs === undefined ? [] : [`false alarm: shard ${shard} was down at the end`]),
      ...(Object.keys(acknowledgedBy).join() === `node-${shard}`
        ? []
        : [`false alarm: ${JSON.stringify(acknowledgedBy)} acknowledged on shard ${shard}`]),
    ]),
  ];
}

/** Large sets are read in several steps. If another node answers a step, no members may be reported as lost. */
async function failoverDuringReadBack({ cluster, random }: Setting): Promise<Outcome> {
  await using workload = await cluster.startWorkload({
    ...{ writers: 8, keys: 8, kinds: ["member", "append"], seed: Math.floor(random() * 2 ** 32) },
  });
  await moreWrites(workload, 3_000);
  const shard = between(random, 0, 2);
  const [replica] = await cluster.replicasOf(keyOf(shard));
  const [ledger] = await Promise.all([workload.stop(), cluster.failover(replica ?? "")]);
  return {
    what: `shard ${shard}, seed ${ledger.seed}`,
    wrong: [...compare(ledger, []), ...findRejection(ledger)],
  };
}

/** The kinds of runs in which nothing may be reported. */
export const CLEAN_RUNS: readonly ScenarioKind[] = [
  ...DISTURBANCES.map((disturbance) => ({
    name: disturbance.name,
    weight: disturbance.weight,
    run: (setting: Setting) => cleanRun(setting, disturbance),
  })),
  { name: "failover during the read-back", weight: 4, run: failoverDuringReadBack },
];
