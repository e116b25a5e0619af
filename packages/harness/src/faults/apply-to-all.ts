import type { ManagedNode } from "../cluster/managed-node.ts";
import { RedisClusterError } from "../errors.ts";
import { abortable } from "../timing/deadline.ts";

/**
 * Requires that the containers of all nodes have a status to which a fault can be applied, before it is applied to any of them.
 *
 * @param verb the fault as a participle, for the message, as in `killed`.
 * @param allowed the allowed statuses, as the engine reports them.
 * @throws RedisClusterError NODE_NOT_RUNNING naming the nodes with another status.
 * @throws the reason of the signal if it is aborted.
 */
export async function requireStatus(
  nodes: readonly ManagedNode[],
  verb: string,
  allowed: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const states = await abortable(Promise.all(nodes.map(({ container }) => container.state())), signal);
  const wrong = nodes.flatMap(({ plan }, index) => {
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
 * Applies an action to several targets at the same time. If it fails for one target, it is reverted for the others, so that a
 * fault is active completely or not at all.
 */
export async function applyToAll<T>(
  targets: readonly T[],
  apply: (target: T) => Promise<void>,
  revert: (target: T) => Promise<void>,
): Promise<void> {
  const results = await Promise.allSettled(targets.map(apply));
  const rejected = results.find((result) => result.status === "rejected");
  if (rejected === undefined) return;
  await Promise.allSettled(targets.filter((_, index) => results[index]?.status === "fulfilled").map(revert));
  throw rejected.reason;
}
