import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { startRedisCluster } from "testcontainers-redis-cluster";
import { buildImage } from "../support/build-image.ts";
import type { MatrixOptions } from "./options.ts";
import { runSuite } from "./run-suite.ts";
import { runSuiteRows, type SuiteRow } from "./run-suite-rows.ts";
import { type Server, SERVERS } from "./servers.ts";

const run = promisify(execFile);

/** Runs the suite with each server whose image is available. Returns the number of tests that failed. */
export async function runServers(options: MatrixOptions): Promise<number> {
  return await runSuiteRows("servers", SERVERS.map(toRow), options);
}

function toRow(server: Server): SuiteRow {
  return {
    name: server.name,
    run: async (log) => {
      const image = await provideImage(server);
      if (image === undefined) return { obstacle: "no image" };
      const version = await readVersion(image);
      return { version, suite: await runSuite({ TESTCONTAINERS_REDIS_CLUSTER_IMAGE: image }, log) };
    },
  };
}

/** Pulls the image or, if no registry answers, builds its stand-in. Returns undefined if neither is possible. */
async function provideImage({ image, standIn }: Server): Promise<string | undefined> {
  try {
    await run("docker", ["pull", "--quiet", image], { timeout: 300_000 });
    return image;
  } catch (error) {
    console.error(`${image}: ${String(error).split("\n").at(-2)}`);
  }
  return standIn === undefined ? undefined : await buildImage(standIn);
}

/** Returns the name and the version of the server, as it reports them: a tag may name an older version. */
async function readVersion(image: string): Promise<string> {
  await using cluster = await startRedisCluster({ nodes: 3, replicas: 0, image });
  const info = await cluster.client.info("server");
  const read = (field: string): string | undefined =>
    new RegExp(`^${field}:(.*)$`, "m").exec(info)?.[1]?.trim();
  const valkey = read("valkey_version");
  return valkey === undefined ? `Redis ${read("redis_version")}` : `Valkey ${valkey}`;
}
