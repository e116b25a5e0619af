import { randomBytes } from "node:crypto";
import { type ClusterNetwork, createNetwork, removeNetwork } from "../docker/cluster-network.ts";
import type { Engine } from "../docker/engine.ts";
import { clusterLabels } from "../docker/labels.ts";
import { takenRanges } from "../docker/taken-ranges.ts";
import { RedisClusterError } from "../errors.ts";
import type { CleanupStack } from "../lifecycle/cleanup-stack.ts";
import { orAborted } from "../lifecycle/deadline.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import { planCluster } from "../plan/plan-cluster.ts";
import { findOverlap, freeSubnets, type Subnet, type TakenRange } from "../plan/subnet.ts";
import type { ValidOptions } from "../plan/validate-options.ts";
import { sweepQuietly } from "./sweep-once.ts";

/**
 * Finds a range, plans the cluster for it and creates the network; again where somebody else was quicker, which the
 * engine's own answer tells.
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
  let taken = await orAborted(takenRanges(engine), signal);
  if (wanted !== undefined && findOverlap(wanted, taken)?.orphan === true) {
    // The run before died, and its watcher with it: the range is free as soon as somebody cleans up.
    await orAborted(sweepQuietly(engine), signal);
    taken = await orAborted(takenRanges(engine), signal);
  }
  if (wanted !== undefined) refuseOverlap(wanted, taken);
  const candidates = wanted === undefined ? freeSubnets(taken, Math.random) : [wanted];
  for (const subnet of candidates) {
    const plan = planCluster(options, subnet, randomHex);
    const making = createNetwork(engine, plan.network, clusterLabels(plan, engine));
    // A network that is still being made when the start is aborted has to be found by the cleaning up.
    cleanup.add(`the network ${plan.network.name}`, async () => {
      const made = await making.catch(() => undefined);
      if (made !== undefined) await removeNetwork(engine, made.id);
    });
    const network = await orAborted(making, signal);
    if (network !== undefined) return { plan, network };
    if (wanted !== undefined) refuseOverlap(wanted, await orAborted(takenRanges(engine), signal));
  }
  if (wanted !== undefined) {
    throw new RedisClusterError(
      "SUBNET_TAKEN",
      `The engine says that ${wanted.cidr} is taken, and not by whom.`,
    );
  }
  throw new RedisClusterError(
    "NO_FREE_SUBNET",
    "No free private range is left on this engine and host: remove unused networks (docker network prune) or name a `subnet`.",
  );
}

function refuseOverlap(subnet: Subnet, taken: readonly TakenRange[]): void {
  const overlap = findOverlap(subnet, taken);
  if (overlap === undefined) return;
  const orphaned = overlap.orphan === true ? " A sweep could not remove it: see sweepOrphans()." : "";
  throw new RedisClusterError(
    "SUBNET_TAKEN",
    `The subnet ${subnet.cidr} overlaps ${overlap.subnet.cidr}, which is ${overlap.holder}; nothing was started. ` +
      `Choose another one, or leave \`subnet\` out to get a free one.${orphaned}`,
    { details: { subnet: subnet.cidr, overlaps: overlap.subnet.cidr, holder: overlap.holder } },
  );
}

function randomHex(characters: number): string {
  return randomBytes(Math.ceil(characters / 2))
    .toString("hex")
    .slice(0, characters);
}
