import { monotonicMs, pause } from "../clock/real-time.ts";
import { isError, RedisClusterError } from "../errors.ts";
import { CLUSTER_LABEL } from "../cleanup/owner.ts";
import { type Engine, statusOf } from "./engine.ts";
import { removeContainer } from "./node-container.ts";

/** How long a request may still be at work in the engine after its connection broke. */
const LOST_REQUEST_MS = 1_000;
const POLL_MS = 50;

/**
 * Removes all containers that carry a cluster's label, whether their ids are known or not: the answer to a create request
 * may have been lost, or something may have failed right after it.
 *
 * @param lost names of containers that the engine was asked to create without giving an answer. They are looked for
 * until all of them were found, for a second at most.
 */
export async function removeLeftoverContainers(
  engine: Engine,
  cluster: string,
  lost: readonly string[],
): Promise<void> {
  const begun = monotonicMs();
  const missing = new Set(lost);
  for (;;) {
    const found = await engine.docker.listContainers({
      all: true,
      filters: { label: [`${CLUSTER_LABEL}=${cluster}`] },
    });
    await Promise.all(found.map(({ Id }) => removeContainer(engine, Id)));
    for (const name of found.flatMap(({ Names }) => Names)) missing.delete(name.replace(/^\//, ""));
    if (missing.size === 0 || monotonicMs() - begun > LOST_REQUEST_MS) return;
    await pause(POLL_MS);
  }
}

/** Whether a request failed without an answer, so that the engine may have done what it was asked to. */
export function wasLost(error: unknown): boolean {
  let last: unknown;
  for (let each: unknown = error; isError(each); each = each.cause) {
    if (statusOf(each) !== undefined) return false;
    last = each;
  }
  // This library's own errors without a cause are from before any request.
  return !(last instanceof RedisClusterError);
}
