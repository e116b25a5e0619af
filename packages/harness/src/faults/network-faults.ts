import type { Engine } from "../docker/engine.ts";
import { runInNetwork } from "../docker/run-in-network.ts";
import { RedisClusterError } from "../errors.ts";
import { applyToAll, type Member, type Members } from "./member.ts";
import { type Cut, type LossShare, renderRuleset } from "./partition.ts";

const LOAD = 'printf %s "$1" | nft -f -';
// A node that was restarted has a new network without the table, and nothing to heal.
const UNLOAD = 'nft list table inet "$1" >/dev/null 2>&1 || exit 0; nft delete table inet "$1"';
const DELAY = "tc qdisc add dev eth0 root netem delay";
const NO_DELAY = "tc qdisc show dev eth0 | grep -q netem || exit 0; tc qdisc del dev eth0 root";

/** Puts packet filters into the nodes' networks: all of them, or none. Gives what takes them out again. */
export async function applyCuts(
  engine: Engine,
  members: Members,
  table: string,
  cuts: readonly Cut[],
  loss: LossShare,
): Promise<() => Promise<void>> {
  const everybody = members.all.map(({ plan }) => plan);
  const remove = async ({ node }: Cut): Promise<void> => {
    await helper(engine, members, memberOf(members, node.index), UNLOAD, table);
  };
  await applyToAll(
    cuts,
    async (cut) => {
      const ruleset = renderRuleset(table, cut, everybody, loss);
      await helper(engine, members, memberOf(members, cut.node.index), LOAD, ruleset);
    },
    remove,
  );
  return async () => {
    await Promise.all(cuts.map(remove));
  };
}

/**
 * Holds back everything that nodes send, where the kernel can: it needs the netem queue, which not every kernel has.
 *
 * @throws RedisClusterError FAULT_UNSUPPORTED
 */
export async function applyDelay(
  engine: Engine,
  members: Members,
  targets: readonly Member[],
  delayMs: number,
  jitterMs: number,
): Promise<() => Promise<void>> {
  const remove = (member: Member): Promise<void> => helper(engine, members, member, NO_DELAY);
  await applyToAll(
    targets,
    (member) => helper(engine, members, member, `${DELAY} "$1" "$2"`, `${delayMs}ms`, `${jitterMs}ms`),
    remove,
  );
  return async () => {
    await Promise.all(targets.map(remove));
  };
}

function memberOf(members: Members, index: number): Member {
  return members.all[index] as Member;
}

async function helper(
  engine: Engine,
  members: Members,
  member: Member,
  script: string,
  ...args: readonly string[]
): Promise<void> {
  // A dead node's network is gone, and every filter with it.
  if (script !== LOAD && (await member.runtime.state()).status === "exited") return;
  const { exitCode, output } = await runInNetwork(engine, members.plan, member.runtime.id, script, ...args);
  if (exitCode === 0) return;
  const { name } = member.plan;
  if (/netem|qdisc kind is unknown|No such file or directory/.test(output) && script.startsWith(DELAY)) {
    throw new RedisClusterError(
      "FAULT_UNSUPPORTED",
      `${name} cannot be delayed: the engine's kernel has no netem queue (${output}). Packet loss, pauses and slow commands work without it.`,
      { details: { node: name, output } },
    );
  }
  throw new RedisClusterError(
    "FAULT_FAILED",
    `The network of ${name} could not be changed (exit code ${exitCode}): ${output || "no output"}. ` +
      `The helper ran ${JSON.stringify(members.plan.faultImage)}, which needs sh, nft and tc.`,
    { details: { node: name, exitCode, output } },
  );
}
