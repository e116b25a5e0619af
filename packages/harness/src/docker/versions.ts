import { createRequire } from "node:module";
import type { Engine } from "./engine.ts";

/** What containers run on, by name. */
export function engineVersions(engine: Engine): Readonly<Record<string, string>> {
  const { serverVersion, operatingSystem, architecture } = engine.client.info.containerRuntime;
  return {
    testcontainers: testcontainersVersion(),
    engine: `${serverVersion} (${operatingSystem}, ${architecture})`,
  };
}

/** As it is installed for whoever uses this library. A bundler may have left the file out. */
function testcontainersVersion(): string {
  try {
    const { version } = createRequire(import.meta.url)("testcontainers/package.json") as {
      readonly version: string;
    };
    return version;
  } catch {
    return "unknown";
  }
}
