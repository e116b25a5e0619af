import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { RedisClusterError } from "../../errors.ts";
import { isInRange } from "../../versions/compare-versions.ts";

/** The `require` of this library, which finds the optional peer dependencies that the project has installed. */
const load = createRequire(import.meta.url);

/**
 * Loads the package of a client library that the project has installed.
 *
 * @throws RedisClusterError CLIENT_MISSING if the package is not installed, or its version is not supported.
 */
export function loadLibrary({
  packageName,
  range,
}: {
  readonly packageName: string;
  readonly range: string;
}): object {
  const version = findVersion(packageName);
  if (version === undefined) throw missing(packageName, range, undefined, "it is not installed");
  if (!isInRange(version, range)) {
    throw missing(packageName, range, version, `version ${version} is installed`);
  }
  return load(packageName) as object;
}

/** Returns the version of an installed package; undefined if it is not installed. */
function findVersion(packageName: string): string | undefined {
  let entry: string;
  try {
    entry = load.resolve(packageName);
  } catch {
    return undefined;
  }
  // A package may not export its package.json, so it is searched in the folders above the entry point.
  for (let folder = dirname(entry); folder !== dirname(folder); folder = dirname(folder)) {
    const manifest = readManifest(join(folder, "package.json"));
    if (manifest?.name === packageName) return manifest.version;
  }
  return undefined;
}

function readManifest(file: string): { readonly name?: string; readonly version?: string } | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as { readonly name?: string; readonly version?: string };
  } catch {
    return undefined;
  }
}

function missing(
  packageName: string,
  range: string,
  version: string | undefined,
  reason: string,
): RedisClusterError {
  return new RedisClusterError(
    "CLIENT_MISSING",
    `Connecting a client: this needs the package ${packageName} (${range}), but ${reason}. ` +
      `Run \`npm install --save-dev "${packageName}@${range}"\`.`,
    { details: { package: packageName, range, version } },
  );
}
