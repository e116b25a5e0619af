import { RedisClusterError } from "../errors.ts";
import type { SharedCluster } from "../sharing/shared-cluster.ts";
import type { RedisClusterTestOptions } from "./test-options.ts";

const SCOPES: ReadonlySet<unknown> = new Set(["test", "file", "worker", undefined]);

/**
 * The argument of `redisClusterTest`: without one, no options. An `undefined` that was given is not the same: it is what
 * `inject` returns if nothing was provided, and a cluster for each worker is not what the test asked for then.
 *
 * @throws RedisClusterError INVALID_ARGUMENT
 */
export function requireSource(
  given: readonly [from?: RedisClusterTestOptions | SharedCluster],
): RedisClusterTestOptions | SharedCluster {
  if (given.length === 0) return {};
  const [from] = given;
  if (typeof from !== "object" || from === null || Array.isArray(from)) {
    throw new RedisClusterError(
      "INVALID_ARGUMENT",
      `redisClusterTest: expected options or a shared cluster, got ${kindOf(from)}. inject("redisCluster") returns ` +
        "undefined if nothing was provided to this Vitest project: name a file that exports " +
        "redisClusterGlobalSetup() in the project's `globalSetup`, and inject the key that it provides. For clusters " +
        "that the workers start themselves, call redisClusterTest() without an argument.",
    );
  }
  const scope = "scope" in from ? from.scope : undefined;
  if (!SCOPES.has(scope)) {
    throw new RedisClusterError(
      "INVALID_ARGUMENT",
      `redisClusterTest: expected the scope "test", "file" or "worker", got ${JSON.stringify(scope)}.`,
    );
  }
  return from;
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "an array";
  return value === null || value === undefined ? String(value) : `a ${typeof value}`;
}
