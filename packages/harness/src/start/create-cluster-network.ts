import { randomBytes } from "node:crypto";
import {
  type ClusterNetwork,
  createNetwork,
  removeNetworkIfCreated,
  removeNetwork,
} from "../docker/cluster-network.ts";
import { chooseAccess } from "../docker/access-path.ts";
import { announcedHost } from "../docker/published-hosts.ts";
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
 * After this many rejections, concurrent starts cannot be the reason. Four processes that start clusters at the same time choose
 * among 16384 ranges.
 */
const MAX_ATTEMPTS = 50;

/** A cluster whose network exists. */
export interface CreatedNetwork {
  readonly plan: ClusterPlan;
  readonly network: ClusterNetwork;
  /** See {@link ChosenAccess}. */
  readonly accessFallbackReason: string | undefined;
}

/**
 * Finds a free subnet, plans the cluster for it, and creates the network. If the engine reports that the subnet is in use,
 * because another process has created a network there in the meantime, it tries another one.
 *
 * @throws RedisClusterError SUBNET_TAKEN if the subnet of the options is in use.
 * @throws RedisClusterError NO_FREE_SUBNET if no private range is free.
 * @throws RedisClusterError DIRECT_ACCESS_UNAVAILABLE if direct access was requested and is not possible.
 * @throws RedisClusterError START_FAILED if the network cannot be created for another reason.
 */
export async function createClusterNetwork(
  engine: Engine,
  options: ValidOptions,
  cleanup: CleanupStack,
  signal: AbortSignal,
): Promise<CreatedNetwork> {
  const { subnet: requested } = options;
  const used = await abortable(listUsedRanges(engine), signal);
  if (requested !== undefined) await rejectOverlap(engine, requested, used, signal);
  const candidates = requested === undefined ? freeSubnets(used, Math.random) : [requested];
  const rejections: string[] = [];
  for (const subnet of candidates) {
    const plan = planCluster(options, subnet, randomHex, announcedHost(engine, options));
    const creating = createNetwork(engine, plan.network, clusterLabels(plan, engine));
    // Added before the network exists, so that the cleanup finds it even if the start is aborted now.
    cleanup.add("network", `the network ${plan.network.name}`, async () => {
      const result = await creating.catch((error: unknown) => ({ error }));
      if ("created" in result) await removeNetwork(engine, result.created.id);
      // Without an answer of the engine, only the name of the network is known.
      else if ("error" in result && isUnanswered(result.error))
        await removeNetworkIfCreated(engine, plan.network.name);
    });
    const result = await abortable(creating, signal);
    if ("created" in result) {
      const { accessFallbackReason, ...paths } = await chooseAccess(engine, options, plan);
      return { plan: { ...plan, ...paths }, network: result.created, accessFallbackReason };
    }
    if (requested !== undefined) await rejectUsed(engine, requested, result.subnetInUse, signal);
    if (rejections.push(result.subnetInUse) >= MAX_ATTEMPTS) break;
  }
  throw noFreeSubnet(used, rejections);
}

/** Rejects if the requested subnet is in use. If a dead process left a network there, a sweep runs first. */
async function rejectOverlap(
  engine: Engine,
  requested: Subnet,
  used: readonly UsedSubnet[],
  signal: AbortSignal,
): Promise<void> {
  const overlap = findOverlap(requested, used);
  if (overlap === undefined) return;
  const { isOrphaned } = await abortable(identifyUser(overlap, engine), signal);
  // The previous run and its watcher were killed, so that its network still exists.
  if (isOrphaned) await abortable(sweepQuietly(engine), signal);
  const remaining = isOrphaned
    ? findOverlap(requested, await abortable(listUsedRanges(engine), signal))
    : overlap;
  if (remaining !== undefined) throw await subnetTaken(engine, requested, remaining, signal);
}

/** Rejects a requested subnet that is in use according to the engine. */
async function rejectUsed(
  engine: Engine,
  requested: Subnet,
  answer: string,
  signal: AbortSignal,
): Promise<never> {
  const overlap = findOverlap(requested, await abortable(listUsedRanges(engine), signal));
  if (overlap !== undefined) throw await subnetTaken(engine, requested, overlap, signal);
  throw new RedisClusterError(
    "SUBNET_TAKEN",
    `The subnet ${requested.cidr} is in use according to the engine, but no known network, interface or route overlaps it. ` +
      `Answer of the engine: ${answer}`,
  );
}

async function listUsedRanges(engine: Engine): Promise<readonly UsedSubnet[]> {
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
  overlap: UsedSubnet,
  signal: AbortSignal,
): Promise<RedisClusterError> {
  const { usedBy, isOrphaned } = await abortable(identifyUser(overlap, engine), signal);
  const advice = isOrphaned ? " A sweep could not remove it: see sweepOrphans()." : "";
  return new RedisClusterError(
    "SUBNET_TAKEN",
    `The subnet ${subnet.cidr} overlaps ${overlap.subnet.cidr}, which is ${usedBy}; nothing was started. ` +
      `Choose another one, or leave \`subnet\` out to get a free one.${advice}`,
    { details: { subnet: subnet.cidr, overlaps: overlap.subnet.cidr, holder: usedBy } },
  );
}

function noFreeSubnet(used: readonly UsedSubnet[], rejections: readonly string[]): RedisClusterError {
  const answer = rejections.at(-1);
  const reason =
    answer === undefined
      ? `${used.length} networks, interfaces and routes of this engine and host cover every /24 of 10.0.0.0/8, 172.16.0.0/12 and 192.168.0.0/16`
      : `the engine rejected ${rejections.length} ranges that no known network, interface or route uses, the last one with: ${answer}`;
  return new RedisClusterError(
    "NO_FREE_SUBNET",
    `No free private range was found: ${reason}. Remove unused networks (docker network prune) or name a \`subnet\`.`,
    { details: { taken: used.map(({ subnet, usedBy }) => `${subnet.cidr}: ${usedBy}`) } },
  );
}

function randomHex(characters: number): string {
  return randomBytes(Math.ceil(characters / 2))
    .toString("hex")
    .slice(0, characters);
}
