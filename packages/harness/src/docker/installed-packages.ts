import { createRequire } from "node:module";
import { RedisContainer } from "@testcontainers/redis";
import { GenericContainer } from "testcontainers";
import { RedisClusterError } from "../errors.ts";
import { installedVersion, ownRequire } from "../versions/installed-version.ts";

/** Returns the version of the Testcontainers that this library uses. */
export function testcontainersVersion(): string {
  return installedVersion("testcontainers");
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
  const redis = installedVersion("@testcontainers/redis");
  const other = installedVersion(
    "testcontainers",
    createRequire(ownRequire.resolve("@testcontainers/redis")),
  );
  const [major] = own.split(".");
  throw new RedisClusterError(
    "PACKAGE_CONFLICT",
    `Two copies of Testcontainers are installed: this library uses testcontainers ${own}, but @testcontainers/redis ${redis} ` +
      `uses testcontainers ${other}. Nothing was started. Install the same major version of both, such as ` +
      `\`npm install --save-dev testcontainers@${major} @testcontainers/redis@${major}\`.`,
    { details: { testcontainers: own, redis, testcontainersOfRedis: other } },
  );
}
