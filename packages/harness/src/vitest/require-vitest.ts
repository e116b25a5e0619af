import { RedisClusterError } from "../errors.ts";
import { isOlder } from "../versions/compare-versions.ts";
import { installedVersion } from "../versions/installed-version.ts";

const OLDEST_VITEST = "3.2.0";

/**
 * Throws if the installed Vitest is too old for the fixtures. The range of the peer dependency does not exclude it, because npm would
 * then refuse to install this library also in projects that do not use the fixtures.
 *
 * @throws RedisClusterError PACKAGE_CONFLICT with the version.
 */
export function requireVitest(version: string = installedVersion("vitest")): void {
  if (version === "unknown" || !isOlder(version, OLDEST_VITEST)) return;
  throw new RedisClusterError(
    "PACKAGE_CONFLICT",
    `The fixtures for Vitest need Vitest ${OLDEST_VITEST} or newer, but version ${version} is installed. ` +
      "Run `npm install --save-dev vitest@latest`, or start clusters with `startRedisCluster`, which needs no Vitest.",
    { details: { vitest: version } },
  );
}
