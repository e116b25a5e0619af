import { DEFAULT_FAULT_IMAGE } from "testcontainers-redis-cluster";
import { serverImage } from "../support/engine.ts";
import { OTHER_SERVERS } from "../support/server-images.ts";
import { docker, ENGINES, type EngineKind, loadImages } from "./engines/engines.ts";
import { Machine } from "./engines/machine.ts";
import type { MatrixOptions } from "./options.ts";
import { runSuite } from "./run-suite.ts";
import { runSuiteRows, type SuiteRow } from "./run-suite-rows.ts";

/** All images that the suite does not build itself. */
const IMAGES = [
  serverImage(),
  process.env["TESTCONTAINERS_REDIS_CLUSTER_FAULT_IMAGE"] || DEFAULT_FAULT_IMAGE,
  ...OTHER_SERVERS.map(({ image }) => image),
  "testcontainers-redis-cluster/redis-py:local",
];

/** Runs the suite with each engine, and over each kind of connection. Returns the number of tests that failed. */
export async function runEngines(options: MatrixOptions): Promise<number> {
  return await runSuiteRows("engines", ENGINES.map(toRow), options);
}

function toRow(kind: EngineKind): SuiteRow {
  return {
    name: kind.name,
    run: async (log) => {
      const obstacle = Machine.findObstacle();
      if (obstacle !== undefined) return { obstacle };
      await using engine = await kind.start(log.replace(/\.txt$/, ".engine.txt"));
      await loadImages(engine, IMAGES);
      const component = "(index .Server.Components 0)";
      const version = await docker(
        engine,
        "version",
        "--format",
        `{{${component}.Name}} {{${component}.Version}}`,
      );
      // The network of the engine has no way out, so the reaper of Testcontainers cannot be pulled.
      const environment = { ...engine.environment, TESTCONTAINERS_RYUK_DISABLED: "true" };
      return {
        version: version.replace(/^Engine/, "Docker").replace(/[+~].*$/, ""),
        suite: await runSuite(environment, log, (...command) => engine.enter(...command)),
      };
    },
  };
}
