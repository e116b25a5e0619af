import type { ManagedNode } from "../cluster/managed-node.ts";
import { RedisClusterError } from "../errors.ts";
import { abortable } from "../timing/deadline.ts";

/**
 * Makes sure that all containers are in a state that the fault can be done to, before it is done to any.
 *
 * @throws RedisClusterError NODE_NOT_RUNNING, or the signal's reason.
 */
export async function requireStatus(
  members: readonly ManagedNode[],
  verb: string,
  allowed: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const states = await abortable(Promise.all(members.map(({ container }) => container.state())), signal);
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
