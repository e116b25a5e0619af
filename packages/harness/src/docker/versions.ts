import type { Engine } from "./engine.ts";
import { testcontainersVersion } from "./installed-packages.ts";

/** Returns the versions of Testcontainers and of the engine. */
export function engineVersions(engine: Engine): Readonly<Record<string, string>> {
  const { serverVersion, operatingSystem, architecture } = engine.client.info.containerRuntime;
  return {
    testcontainers: testcontainersVersion(),
    engine: `${serverVersion} (${operatingSystem}, ${architecture})`,
  };
}
