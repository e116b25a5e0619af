import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import Table from "cli-table3";
import { startRedisCluster } from "testcontainers-redis-cluster";
import { buildImage } from "../support/build-image.ts";
import { CACHE } from "../support/cache-folder.ts";
import { hashFolders } from "../support/hash-folders.ts";
import { writeScenarios } from "../support/write-scenarios.ts";
import { type MatrixOptions, markdownTable, openProgress, updatePage } from "./options.ts";
import { runSuite, type SuiteResult } from "./run-suite.ts";
import { type Server, SERVERS } from "./servers.ts";

const run = promisify(execFile);
const HEADINGS = ["server", "version", "passed", "failed", "minutes"];

function fromRoot(path: string): string {
  return join(import.meta.dirname, "../..", path);
}

/** What the suite has shown with a server. */
interface ServerResult {
  readonly name: string;
  /** The version, as the server reports it; undefined if the image cannot be provided. */
  readonly version: string | undefined;
  readonly suite: SuiteResult | undefined;
}

/** Runs the suite with each server whose image is available. Returns the number of tests that failed. */
export async function runServers(options: MatrixOptions): Promise<number> {
  const hash = await hashFolders(...["packages/harness/dist", "packages/examples", "test"].map(fromRoot));
  const progress = await openProgress(`servers-${hash}`, options);
  const results: ServerResult[] = [];
  for (const server of SERVERS.filter(({ name }) => name.includes(options.only))) {
    const result = await progress.once(
      server.name,
      () => tryServer(server),
      ({ suite }) => suite !== undefined && suite.failed + suite.otherFailures === 0,
    );
    for (const failure of result.suite?.failures ?? []) console.error(`${server.name}: ${failure}`);
    results.push(result);
  }
  const table = new Table({ head: HEADINGS });
  for (const result of results) table.push([...cells(result)]);
  console.log(table.toString());
  await writeScenarios(options.json, results);
  const failed = results.reduce(
    (sum, { suite }) => sum + (suite === undefined ? 0 : suite.failed + suite.otherFailures),
    0,
  );
  if (options.update && failed === 0)
    await updatePage("servers", markdownTable([HEADINGS, ...results.map(cells)]));
  return failed;
}

async function tryServer(server: Server): Promise<ServerResult> {
  const { name } = server;
  const image = await provideImage(server);
  if (image === undefined) {
    console.error(`${name}: not run, no image`);
    return { name, version: undefined, suite: undefined };
  }
  const version = await readVersion(image);
  const logs = join(CACHE, "matrices", "logs");
  await mkdir(logs, { recursive: true });
  const log = join(logs, `${name.replaceAll(" ", "-")}.txt`);
  console.error(`${name}: ${version}, log: ${log}`);
  const suite = await runSuite({ TESTCONTAINERS_REDIS_CLUSTER_IMAGE: image }, log);
  console.error(`${name}: ${suite.passed} passed, ${suite.failed} failed`);
  return { name, version, suite };
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

function cells({ name, version, suite }: ServerResult): readonly string[] {
  if (version === undefined || suite === undefined) return [name, "", "not run", "", ""];
  return [
    name,
    version,
    String(suite.passed),
    String(suite.failed + suite.otherFailures),
    suite.minutes.toFixed(1),
  ];
}
