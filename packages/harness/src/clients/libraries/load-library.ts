import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { RedisClusterError } from "../../errors.ts";
import { isInRange } from "../../versions/compare-versions.ts";
import { ownRequire } from "../../versions/installed-version.ts";

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
  return withoutNetworkReport(() => ownRequire(packageName) as object);
}

/**
 * Calls a function while diagnostic reports leave out the network. Packages with a native part (those of napi-rs) read a report to
 * choose their file, and for a report Node looks up the name of each address of each open connection, synchronously: if no name
 * server answers, as in a container without access to one, loading the package takes five seconds for each of them. Node has the
 * setting since 22.13; before, it has no effect.
 */
function withoutNetworkReport<T>(call: () => T): T {
  // Other runtimes may have no reports.
  const report = process.report as { excludeNetwork?: boolean } | undefined;
  if (report === undefined) return call();
  const { excludeNetwork } = report;
  report.excludeNetwork = true;
  try {
    return call();
  } finally {
    report.excludeNetwork = excludeNetwork ?? false;
  }
}

/** Returns the version of an installed package; undefined if it is not installed. */
function findVersion(packageName: string): string | undefined {
  let entry: string;
  try {
    entry = ownRequire.resolve(packageName);
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
