import { createRequire } from "node:module";
import type { Engine } from "./engine.ts";

/** Returns the versions of Testcontainers and of the engine. */
export function engineVersions(engine: Engine): Readonly<Record<string, string>> {
  const { serverVersion, operatingSystem, architecture } = engine.client.info.containerRuntime;
  return {
    testcontainers: readTestcontainersVersion(),
    engine: `${serverVersion} (${operatingSystem}, ${architecture})`,
  };
}

/** Reads the version of the installed Testcontainers package. A bundler may have removed the file. */
function readTestcontainersVersion(): string {
  try {
    const { version } = createRequire(import.meta.url)("testcontainers/package.json") as {
      readonly version: string;
    };
    return version;
  } catch {
    return "unknown";
  }
}
