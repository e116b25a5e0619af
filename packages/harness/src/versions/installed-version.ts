import { createRequire } from "node:module";

/**
 * The `require` of this library. A package that it finds is the one that this library uses. It also finds the optional peer
 * dependencies that the project has installed.
 */
export const ownRequire: NodeJS.Require = createRequire(import.meta.url);

/** Returns the version of an installed package. It is unknown if a bundler has removed the file that contains it. */
export function installedVersion(name: string, from: NodeJS.Require = ownRequire): string {
  try {
    const { version } = from(`${name}/package.json`) as { readonly version: string };
    return version;
  } catch {
    return "unknown";
  }
}
