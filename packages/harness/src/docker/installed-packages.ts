import { createRequire } from "node:module";
import { RedisContainer } from "@testcontainers/redis";
import { GenericContainer } from "testcontainers";
import { RedisClusterError } from "../errors.ts";
import { isOlder } from "../versions/compare-versions.ts";

const OLDEST_VITEST = "3.2.0";

/** The `require` of this library. A package that it finds is the one that this library uses. */
const load = createRequire(import.meta.url);

/** Returns the version of the Testcontainers that this library uses. */
export function testcontainersVersion(): string {
  return versionOf("testcontainers", load);
}

/**
 * Throws if `@testcontainers/redis` uses another copy of Testcontainers than this library. Each copy has a session and a reaper of
 * its own, so the reaper of one copy would remove the network, and that of the other the containers in it.
 *
 * @param redisContainer the class of `@testcontainers/redis`.
 * @throws RedisClusterError PACKAGE_CONFLICT with both versions.
 */
export function requireOneTestcontainers(
  redisContainer: { readonly prototype: unknown } = RedisContainer,
): void {
  if (redisContainer.prototype instanceof GenericContainer) return;
  const own = testcontainersVersion();
  const redis = versionOf("@testcontainers/redis", load);
  const other = versionOf("testcontainers", createRequire(load.resolve("@testcontainers/redis")));
  const [major] = own.split(".");
  throw new RedisClusterError(
    "PACKAGE_CONFLICT",
    `Two copies of Testcontainers are installed: this library uses testcontainers ${own}, but @testcontainers/redis ${redis} ` +
      `uses testcontainers ${other}. Nothing was started. Install the same major version of both, such as ` +
      `\`npm install --save-dev testcontainers@${major} @testcontainers/redis@${major}\`.`,
    { details: { testcontainers: own, redis, testcontainersOfRedis: other } },
  );
}

/**
 * Throws if the installed Vitest is too old for the fixtures. The range of the peer dependency does not exclude it, because npm would
 * then refuse to install this library also in projects that do not use the fixtures.
 *
 * @throws RedisClusterError PACKAGE_CONFLICT with the version.
 */
export function requireVitest(version: string = versionOf("vitest", load)): void {
  if (version === "unknown" || !isOlder(version, OLDEST_VITEST)) return;
  throw new RedisClusterError(
    "PACKAGE_CONFLICT",
    `The fixtures for Vitest need Vitest ${OLDEST_VITEST} or newer, but version ${version} is installed. ` +
      "Run `npm install --save-dev vitest@latest`, or start clusters with `startRedisCluster`, which needs no Vitest.",
    { details: { vitest: version } },
  );
}

/** Returns the version of an installed package. A bundler may have removed the file that contains it. */
function versionOf(name: string, from: NodeJS.Require): string {
  try {
    const { version } = from(`${name}/package.json`) as { readonly version: string };
    return version;
  } catch {
    return "unknown";
  }
}
