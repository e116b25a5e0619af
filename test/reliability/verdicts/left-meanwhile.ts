import {
  RedisClusterError,
  type RedisClusterNode,
  type ResetReport,
  type StartedRedisCluster,
} from "testcontainers-redis-cluster";
import { type Act, type Commands, LateClient, readRunId } from "../../support/late-client.ts";
import { keyOf } from "./outages.ts";
import { between, oneOf, type Outcome, type ScenarioKind, type Setting } from "./scenario.ts";

// Faults that are seeded while a reset runs: an application's client is cut off, connects again and leaves state behind before
// the reset has proven anything. The reset has to say so, or the state has to be gone.

/** A kind of state that a client can leave on a primary by commands that a transaction may have. */
interface Late {
  readonly name: string;
  readonly commands: (node: RedisClusterNode) => Commands;
  /** Whether the state is there. Without it: it is there as long as the process is. */
  readonly isThere?: (node: RedisClusterNode) => Promise<boolean>;
}

const LIBRARY = "#!lua name=late\nredis.register_function('late', function() return 1 end)";

const LATE: readonly Late[] = [
  {
    name: "a key",
    commands: ({ plannedShard }) => [["SET", keyOf(plannedShard), "late"]],
    isThere: async ({ client }) => (await client.dbsize()) > 0,
  },
  {
    name: "a setting",
    commands: () => [["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]],
    isThere: async ({ client }) => JSON.stringify(await client.config("GET", "*")).includes("allkeys-lru"),
  },
  {
    name: "a user",
    commands: () => [["ACL", "SETUSER", "late", "on", "nopass", "~*", "+@all"]],
    isThere: async ({ client }) => (await client.acl("USERS")).includes("late"),
  },
  {
    name: "a script",
    commands: () => [["SCRIPT", "LOAD", "return 'late'"]],
    isThere: async ({ client }) => !/^number_of_cached_scripts:0\b/m.test(await client.info("memory")),
  },
  {
    name: "a function",
    commands: () => [["FUNCTION", "LOAD", "REPLACE", LIBRARY]],
    isThere: async ({ client }) => JSON.stringify(await client.function("LIST")).includes("late"),
  },
  { name: "a rewritten file of settings", commands: () => [["CONFIG", "REWRITE"]] },
  { name: "a snapshot", commands: () => [["BGSAVE"]] },
  {
    name: "a rewritten file, hidden by new statistics",
    commands: () => [
      ["CONFIG", "REWRITE"],
      ["CONFIG", "RESETSTAT"],
    ],
  },
];

/** So many resets may pass until the client has left something before a proof. */
const ROUNDS = 12;

/** Resets the cluster under a client that leaves state, until that has come in time. */
async function leftMeanwhile(setting: Setting): Promise<Outcome | undefined> {
  const { random } = setting;
  const late = oneOf(random, LATE);
  const times = between(random, 1, 2);
  const broken = random() < 0.3;
  for (let round = 1; round <= ROUNDS; round += 1) {
    const { acts, wrong, how } = await oneReset(setting, late, times, broken);
    if (wrong.length === 0 && !acts.some(({ isBeforeVerification }) => isBeforeVerification)) continue;
    const what = `${late.name} left ${acts.length} times during a reset of ${broken ? "a broken" : "a"} cluster, ${how}`;
    return { what, wrong };
  }
  return undefined;
}

async function oneReset(
  { cluster, random }: Setting,
  late: Late,
  times: number,
  broken: boolean,
): Promise<{ readonly acts: readonly Act[]; readonly wrong: readonly string[]; readonly how: string }> {
  const node = oneOf(random, await cluster.primaries());
  if (broken) await cluster.kill(oneOf(random, await cluster.replicas()));
  using client = await LateClient.connect(node, late.commands(node), times);
  const report = await resetOrRefusal(cluster);
  await client.end();
  const { acts } = client;
  // A reset that says that it failed has said so.
  if (report instanceof RedisClusterError) {
    const wrong =
      report.code === "RESET_FAILED" ? [] : [`the reset failed: ${report.code}: ${report.message}`];
    return { acts, wrong, how: report.code };
  }
  const runId = await readRunId(node);
  const there = late.isThere === undefined ? undefined : await late.isThere(node);
  const isLeft = (act: Act): boolean => there ?? act.runId === runId;
  const left = acts.filter(isLeft);
  const proven = there === undefined ? left.some(({ isBeforeVerification }) => isBeforeVerification) : allBefore(left);
  const changes = left.length === 0 ? [] : await cluster.findChanges();
  return {
    acts,
    how: report.way,
    wrong: [
      ...(proven ? [`"${report.way}", and ${late.name} is still on ${node.name}`] : []),
      ...(left.length > 0 && changes.length === 0 ? [`${late.name} on ${node.name} was not found`] : []),
      ...(there === true && acts.length === 0 ? [`${late.name} is on ${node.name}, and nobody left it`] : []),
    ],
  };
}

/** What is there may be of any of the acts. */
function allBefore(acts: readonly Act[]): boolean {
  return acts.length > 0 && acts.every(({ isBeforeVerification }) => isBeforeVerification);
}

async function resetOrRefusal(cluster: StartedRedisCluster): Promise<ResetReport | RedisClusterError> {
  try {
    return await cluster.reset();
  } catch (error) {
    if (error instanceof RedisClusterError) return error;
    throw error;
  }
}

export const LEFT_MEANWHILE: readonly ScenarioKind[] = [
  { name: "state left while a reset runs", weight: 8, run: leftMeanwhile },
];
