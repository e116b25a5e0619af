import { randomBytes } from "node:crypto";
import {
  type ClusterNetwork,
  createNetwork,
  removeNetworkIfCreated,
  removeNetwork,
} from "../docker/cluster-network.ts";
import type { Engine } from "../docker/engine.ts";
import { clusterLabels } from "../docker/labels.ts";
import { isUnanswered } from "../docker/leftover-containers.ts";
import { identifyUser, listUsedSubnets } from "../docker/used-subnets.ts";
import { messageOf, RedisClusterError } from "../errors.ts";
import type { CleanupStack } from "../cleanup/cleanup-stack.ts";
import { abortable } from "../timing/deadline.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import { planCluster } from "../plan/plan-cluster.ts";
import { findOverlap, freeSubnets, type Subnet, type UsedSubnet } from "../plan/subnet.ts";
import type { ValidOptions } from "../plan/validate-options.ts";
import { sweepQuietly } from "./sweep-once.ts";

/**
 * After this many refusals the engine means something else than that others were quicker. Four processes that start
 * clusters at the same moment choose among 16384 ranges.
 */
const ATTEMPTS = 50;

/**
 * Finds a range, plans the cluster for it and creates the network; again if the engine says that the range is taken, since
 * another process may have been quicker.
 *
 * @throws RedisClusterError SUBNET_TAKEN or NO_FREE_SUBNET
 */
export async function makeNetwork(
  engine: Engine,
  options: ValidOptions,
  cleanup: CleanupStack,
  signal: AbortSignal,
): Promise<{ readonly plan: ClusterPlan; readonly network: ClusterNetwork }> {
  const { subnet: wanted } = options;
  const taken = await abortable(listTaken(engine), signal);
  if (wanted !== undefined) await refuseConflict(engine, wanted, taken, signal);
  const candidates = wanted === undefined ? freeSubnets(taken, Math.random) : [wanted];
  const refusals: string[] = [];
  for (const subnet of candidates) {
    const plan = planCluster(options, subnet, randomHex);
    const making = createNetwork(engine, plan.network, clusterLabels(plan, engine));
    // A network that is still being made when the start is aborted has to be found by the cleaning up.
    cleanup.add("network", `the network ${plan.network.name}`, async () => {
      const made = await making.catch((error: unknown) => ({ error }));
      if ("created" in made) await removeNetwork(engine, made.created.id);
      // Its name is known: the engine may have made it although no answer came.
      else if ("error" in made && isUnanswered(made.error))
        await removeNetworkIfCreated(engine, plan.network.name);
    });
    const made = await abortable(making, signal);
    if ("created" in made) return { plan, network: made.created };
    if (wanted !== undefined) await refuseTaken(engine, wanted, made.subnetInUse, signal);
    if (refusals.push(made.subnetInUse) >= ATTEMPTS) break;
  }
  throw noFreeSubnet(taken, refusals);
}

/** Refuses a wanted range that something has. If a dead process has it, the range is swept first. */
async function refuseConflict(
  engine: Engine,
  wanted: Subnet,
  taken: readonly UsedSubnet[],
  signal: AbortSignal,
): Promise<void> {
  const conflict = findOverlap(wanted, taken);
  if (conflict === undefined) return;
  const { isOrphaned } = await abortable(identifyUser(conflict, engine), signal);
  // The run before died, and its watcher with it: the range is free as soon as somebody cleans up.
  if (isOrphaned) await abortable(sweepQuietly(engine), signal);
  const remaining = isOrphaned ? findOverlap(wanted, await abortable(listTaken(engine), signal)) : conflict;
  if (remaining !== undefined) throw await subnetTaken(engine, wanted, remaining, signal);
}

/** Refuses a wanted range that the engine itself says is taken. */
async function refuseTaken(
  engine: Engine,
  wanted: Subnet,
  said: string,
  signal: AbortSignal,
): Promise<never> {
  const conflict = findOverlap(wanted, await abortable(listTaken(engine), signal));
  if (conflict !== undefined) throw await subnetTaken(engine, wanted, conflict, signal);
  throw new RedisClusterError(
    "SUBNET_TAKEN",
    `The subnet ${wanted.cidr} is in use, and no known network, interface or route explains it. The engine says: ${said}`,
  );
}

async function listTaken(engine: Engine): Promise<readonly UsedSubnet[]> {
  try {
    return await listUsedSubnets(engine);
  } catch (error) {
    if (error instanceof RedisClusterError) throw error;
    throw new RedisClusterError("START_FAILED", `Listing the subnets in use failed: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

async function subnetTaken(
  engine: Engine,
  subnet: Subnet,
  conflict: UsedSubnet,
  signal: AbortSignal,
): Promise<RedisClusterError> {
  const { usedBy, isOrphaned } = await abortable(identifyUser(conflict, engine), signal);
  const orphaned = isOrphaned ? " A sweep could not remove it: see sweepOrphans()." : "";
  return new RedisClusterError(
    "SUBNET_TAKEN",
    `The subnet ${subnet.cidr} overlaps ${conflict.subnet.cidr}, which is ${usedBy}; nothing was started. ` +
      `Choose another one, or leave \`subnet\` out to get a free one.${orphaned}`,
    { details: { subnet: subnet.cidr, overlaps: conflict.subnet.cidr, holder: usedBy } },
  );
}

function noFreeSubnet(taken: readonly UsedSubnet[], refusals: readonly string[]): RedisClusterError {
  const said = refusals.at(-1);
  const why =
    said === undefined
      ? `${taken.length} networks, interfaces and routes of this engine and host cover every /24 of 10.0.0.0/8, 172.16.0.0/12 and 192.168.0.0/16`
      : `the engine refused ${refusals.length} ranges that nothing is known to use, the last one with: ${said}`;
  return new RedisClusterError(
    "NO_FREE_SUBNET",
    `No free private range was found: ${why}. Remove unused networks (docker network prune) or name a \`subnet\`.`,
    { details: { taken: taken.map(({ subnet, usedBy }) => `${subnet.cidr}: ${usedBy}`) } },
  );
}

function randomHex(characters: number): string {
  return randomBytes(Math.ceil(characters / 2))
    .toString("hex")
    .slice(0, characters);
}
