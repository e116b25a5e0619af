import {
  RedisClusterError,
  type RedisClusterNode,
  type ResetReport,
  type StartedRedisCluster,
} from "testcontainers-redis-cluster";
import { type Commands, type LateAction, LateClient, readRunId } from "../../support/late-client.ts";
import { keyOf } from "./outages.ts";
import { between, oneOf, type Outcome, type ScenarioKind, type Setting } from "./scenario.ts";

// Faults that are seeded during a reset: the reset closes the connection of an application's client, which reconnects and leaves
// state before the reset has verified the node. The reset must report the state or remove it.

/** A kind of state that a client can leave on a primary with the commands of a transaction. */
interface LateState {
  readonly name: string;
  readonly commands: (node: RedisClusterNode) => Commands;
  /** Returns whether the node has the state. @default whether the node still has the same process */
  readonly isPresent?: (node: RedisClusterNode) => Promise<boolean>;
}

const LIBRARY = "#!lua name=late\nredis.register_function('late', function() return 1 end)";

const LATE_STATES: readonly LateState[] = [
  {
    name: "a key",
    commands: ({ plannedShard }) => [["SET", keyOf(plannedShard), "late"]],
    isPresent: async ({ client }) => (await client.dbsize()) > 0,
  },
  {
    name: "a setting",
    commands: () => [["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]],
    isPresent: async ({ client }) => JSON.stringify(await client.config("GET", "*")).includes("allkeys-lru"),
  },
  {
    name: "a user",
    commands: () => [["ACL", "SETUSER", "late", "on", "nopass", "~*", "+@all"]],
    isPresent: async ({ client }) => (await client.acl("USERS")).includes("late"),
  },
  {
    name: "a script",
    commands: () => [["SCRIPT", "LOAD", "return 'late'"]],
    isPresent: async ({ client }) => !/^number_of_cached_scripts:0\b/m.test(await client.info("memory")),
  },
  {
    name: "a function",
    commands: () => [["FUNCTION", "LOAD", "REPLACE", LIBRARY]],
    isPresent: async ({ client }) => JSON.stringify(await client.function("LIST")).includes("late"),
  },
  { name: "a rewritten file of settings", commands: () => [["CONFIG", "REWRITE"]] },
  { name: "a snapshot", commands: () => [["BGSAVE"]] },
  {
    name: "a rewritten file, hidden by reset statistics",
    commands: () => [
      ["CONFIG", "REWRITE"],
      ["CONFIG", "RESETSTAT"],
    ],
  },
];

/** The maximum number of resets until the client has left state before the verification. */
const MAX_ROUNDS = 12;

/** Resets the cluster while a client leaves state, until the client has left it before the verification. */
async function leaveDuringReset(setting: Setting): Promise<Outcome | undefined> {
  const { random } = setting;
  const late = oneOf(random, LATE_STATES);
  const times = between(random, 1, 2);
  const isBroken = random() < 0.3;
  for (let round = 1; round <= MAX_ROUNDS; round += 1) {
    const { actions, wrong, result } = await resetOnce(setting, late, times, isBroken);
    if (wrong.length === 0 && !actions.some(({ isBeforeVerification }) => isBeforeVerification)) continue;
    const what = `${late.name} left ${actions.length} times during a reset of ${isBroken ? "a broken" : "a"} cluster, ${result}`;
    return { what, wrong };
  }
  return undefined;
}

async function resetOnce(
  { cluster, random }: Setting,
  late: LateState,
  times: number,
  isBroken: boolean,
): Promise<{
  readonly actions: readonly LateAction[];
  readonly wrong: readonly string[];
  readonly result: string;
}> {
  const node = oneOf(random, await cluster.primaries());
  if (isBroken) await cluster.kill(oneOf(random, await cluster.replicas()));
  using client = await LateClient.connect(node, late.commands(node), times);
  const report = await resetOrError(cluster);
  await client.end();
  const { actions } = client;
  // A reset that rejects with RESET_FAILED has reported the state.
  if (report instanceof RedisClusterError) {
    const wrong =
      report.code === "RESET_FAILED" ? [] : [`the reset failed: ${report.code}: ${report.message}`];
    return { actions, wrong, result: report.code };
  }
  const runId = await readRunId(node);
  const isPresent = late.isPresent === undefined ? undefined : await late.isPresent(node);
  const isLeft = (action: LateAction): boolean => isPresent ?? action.runId === runId;
  const left = actions.filter(isLeft);
  const wasMissed =
    isPresent === undefined
      ? left.some(({ isBeforeVerification }) => isBeforeVerification)
      : areAllBeforeVerification(left);
  const changes = left.length === 0 ? [] : await cluster.findChanges();
  return {
    actions,
    result: report.way,
    wrong: [
      ...(wasMissed ? [`"${report.way}", and ${late.name} is still on ${node.name}`] : []),
      ...(left.length > 0 && changes.length === 0 ? [`${late.name} on ${node.name} was not found`] : []),
      ...(isPresent === true && actions.length === 0
        ? [`${late.name} is on ${node.name}, but the client did not leave it`]
        : []),
    ],
  };
}

/** Returns whether all actions came before the verification. State that is present may come from any of the actions. */
function areAllBeforeVerification(actions: readonly LateAction[]): boolean {
  return actions.length > 0 && actions.every(({ isBeforeVerification }) => isBeforeVerification);
}

async function resetOrError(cluster: StartedRedisCluster): Promise<ResetReport | RedisClusterError> {
  try {
    return await cluster.reset();
  } catch (error) {
    if (error instanceof RedisClusterError) return error;
    throw error;
  }
}

export const LEFT_MEANWHILE: readonly ScenarioKind[] = [
  { name: "state left while a reset runs", weight: 8, run: leaveDuringReset },
];
