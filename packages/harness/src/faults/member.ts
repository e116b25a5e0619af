import type { Access } from "../clients/access.ts";
import type { AddressTable } from "../clients/address-table.ts";
import type { NodeConnection } from "../clients/node-connection.ts";
import type { NodeRuntime } from "../docker/node-runtime.ts";
import { RedisClusterError } from "../errors.ts";
import { orAborted } from "../lifecycle/deadline.ts";
import type { ClusterPlan, NodePlan } from "../plan/cluster-plan.ts";
import { shown } from "./shown.ts";

/** All that is needed to do something to a node and to see what became of it. */
export interface Member {
  readonly plan: NodePlan;
  readonly runtime: NodeRuntime;
  readonly connection: NodeConnection;
}

/** The cluster as faults see it. */
export interface Members {
  readonly plan: ClusterPlan;
  readonly all: readonly Member[];
  readonly addresses: AddressTable;
  readonly access: Access;
}

/**
 * Makes sure that all containers are in a state that the fault can be done to, before it is done to any.
 *
 * @throws RedisClusterError NODE_NOT_RUNNING, or the signal's reason.
 */
export async function requireStatus(
  members: readonly Member[],
  verb: string,
  allowed: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const states = await orAborted(Promise.all(members.map(({ runtime }) => runtime.state())), signal);
  const wrong = members.flatMap(({ plan }, index) => {
    const status = states[index]?.status ?? "unknown";
    return allowed.includes(status) ? [] : [{ node: plan.name, status }];
  });
  if (wrong.length === 0) return;
  throw new RedisClusterError(
    "NODE_NOT_RUNNING",
    wrong.map(({ node, status }) => `${node} cannot be ${verb}: its container is ${status}.`).join(" "),
    { details: { nodes: wrong } },
  );
}

/**
 * Does something to several nodes at once. Where it fails for one, it is taken back for the others, so that a fault
 * is in force as a whole or not at all.
 */
export async function applyToAll<T>(
  targets: readonly T[],
  apply: (target: T) => Promise<void>,
  undo: (target: T) => Promise<void>,
): Promise<void> {
  const results = await Promise.allSettled(targets.map(apply));
  const failed = results.find((result) => result.status === "rejected");
  if (failed === undefined) return;
  await Promise.allSettled(targets.filter((_, index) => results[index]?.status === "fulfilled").map(undo));
  throw failed.reason;
}

/** @throws RedisClusterError INVALID_ARGUMENT */
export function requireNumber(name: string, value: number, least: number, most: number): void {
  if (Number.isFinite(value) && value >= least && value <= most) return;
  throw new RedisClusterError(
    "INVALID_ARGUMENT",
    `Invalid ${name}: expected a number from ${least} to ${most}, got ${value}.`,
  );
}

/**
 * Refuses a value that TypeScript would not allow.
 *
 * @throws RedisClusterError INVALID_ARGUMENT
 */
export function requireOneOf(name: string, value: string, allowed: readonly string[]): void {
  if (allowed.includes(value)) return;
  throw new RedisClusterError(
    "INVALID_ARGUMENT",
    `Invalid ${name}: expected one of ${allowed.map(shown).join(", ")}, got ${shown(value)}.`,
  );
}
