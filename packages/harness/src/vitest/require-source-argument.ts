import { RedisClusterError } from "../errors.ts";
import { readOption } from "../schema/read-options.ts";
import type { SharedCluster } from "../sharing/shared-cluster.ts";
import type { RedisClusterTestOptions } from "./options.generated.ts";
import { TEST_OPTIONS } from "./test-options.ts";

/**
 * Returns the argument of `redisClusterTest`, or empty options if it was called without one. An explicit `undefined` is rejected:
 * `inject` returns it if nothing was provided, and then the test does not want a cluster for each worker.
 *
 * @param args the arguments of `redisClusterTest`.
 * @throws RedisClusterError INVALID_ARGUMENT if the argument is neither options nor a shared cluster, or the scope is unknown.
 */
export function requireSourceArgument(
  args: readonly [source?: RedisClusterTestOptions | SharedCluster],
): RedisClusterTestOptions | SharedCluster {
  if (args.length === 0) return {};
  const [source] = args;
  if (typeof source !== "object" || source === null || Array.isArray(source)) {
    throw new RedisClusterError(
      "INVALID_ARGUMENT",
      `redisClusterTest: expected options or a shared cluster, got ${typeNameOf(source)}. inject("redisCluster") returns ` +
        "undefined if nothing was provided to this Vitest project: name a file that exports " +
        "redisClusterGlobalSetup() in the project's `globalSetup`, and inject the key that it provides. For clusters " +
        "that the workers start themselves, call redisClusterTest() without an argument.",
    );
  }
  const scope = "scope" in source ? source.scope : undefined;
  readOption("scope", TEST_OPTIONS.scope, scope, (_, given, allowed) => {
    throw new RedisClusterError(
      "INVALID_ARGUMENT",
      `redisClusterTest: expected scope to be ${allowed}, got ${JSON.stringify(given)}.`,
    );
  });
  return source;
}

function typeNameOf(value: unknown): string {
  if (Array.isArray(value)) return "an array";
  return value === null || value === undefined ? String(value) : `a ${typeof value}`;
}
