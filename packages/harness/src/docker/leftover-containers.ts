import { monotonicMs, pause } from "../clock/real-time.ts";
import { isError, RedisClusterError } from "../errors.ts";
import { CLUSTER_LABEL } from "../cleanup/owner.ts";
import { type Engine, statusOf } from "./engine.ts";
import { removeContainers } from "./node-container.ts";

/** How long the engine may continue to process a request after its connection has broken. */
const UNANSWERED_REQUEST_MS = 1_000;
const POLL_MS = 50;

/**
 * Removes all containers with the label of a cluster, also if their ids are not known: the answer to a create request may have
 * been lost, or a step right after it may have failed.
 *
 * @param unanswered the names of containers whose create requests were not answered. The search for them ends after a second.
 */
export async function removeLeftoverContainers(
  engine: Engine,
  cluster: string,
  unanswered: readonly string[],
): Promise<void> {
  const startedAt = monotonicMs();
  const missing = new Set(unanswered);
  for (;;) {
    const found = await engine.docker.listContainers({
      all: true,
      filters: { label: [`${CLUSTER_LABEL}=${cluster}`] },
    });
    await removeContainers(
      engine,
      found.map(({ Id }) => Id),
    );
    for (const name of found.flatMap(({ Names }) => Names)) missing.delete(name.replace(/^\//, ""));
    if (missing.size === 0 || monotonicMs() - startedAt > UNANSWERED_REQUEST_MS) return;
    await pause(POLL_MS);
  }
}

/** Returns true if a request failed without an answer. The engine may have carried out such a request. */
export function isUnanswered(error: unknown): boolean {
  let last: unknown;
  for (let current: unknown = error; isError(current); current = current.cause) {
    if (statusOf(current) !== undefined) return false;
    last = current;
  }
  // Errors of this library without a cause are thrown before a request.
  return !(last instanceof RedisClusterError);
}
