import { join } from "node:path";
import Table from "cli-table3";
import { type StartedRedisCluster, startRedisCluster } from "testcontainers-redis-cluster";
import { median } from "../bench/statistics.ts";
import { PROGRAMS } from "../support/client-process.ts";
import { hashFiles } from "../support/hash-files.ts";
import type { Progress } from "../support/progress.ts";
import { writeScenarios } from "../support/write-scenarios.ts";
import { type Breakage, BREAKAGES, NODE_TIMEOUT_MS } from "./clients/breakages.ts";
import { formatCell, formatSeconds, NO_MAP, type Trial } from "./clients/cell.ts";
import type { ClientRow } from "./clients/clients.ts";
import { CONTAINER_CLIENTS } from "./clients/container-clients.ts";
import { NODE_CLIENTS } from "./clients/node-clients.ts";
import { measureSurvival, WRITERS_PER_SHARD } from "./clients/trial.ts";
import {
  type MatrixOptions,
  markdownTable,
  measuredOn,
  openProgress,
  selectRows,
  updatePage,
} from "./options.ts";

const CLIENTS = [...NODE_CLIENTS, ...CONTAINER_CLIENTS];
const SHARDS = 3;
const ROUNDS = 3;
/** Columns that run at the same time. The clusters mostly wait until their nodes agree that one has failed. */
const CONCURRENT_COLUMNS = 3;

/** Measures which clients survive what. Returns the number of trials that could not be made: no recovery is a result, too. */
export async function runClients(options: MatrixOptions): Promise<number> {
  const rows = selectRows(CLIENTS, nameOf, options);
  const root = join(import.meta.dirname, "../..");
  // The lock file has the versions of the clients of this project; the programs install the versions of the others.
  const tested = ["packages/harness/dist", "pnpm-lock.yaml"].map((path) => join(root, path));
  const own = ["clients", "run-clients.ts"].map((path) => join(import.meta.dirname, path));
  const progress = await openProgress(`clients-${await hashFiles(PROGRAMS, ...tested, ...own)}`, options);
  const trials = await runTrials(rows, progress);
  const failures = [...trials.values()].filter(
    ({ survival, obstacle }) => survival === undefined && obstacle !== NO_MAP,
  );
  const cells = (row: ClientRow): readonly (readonly Trial[])[] =>
    BREAKAGES.map((breakage) => roundsOf(trials, row, breakage));
  const headings = ["client", "options", ...BREAKAGES.map(({ name }) => name)];
  const lines = rows.map((row) => [
    formatName(row, cells(row).flat()),
    row.options,
    ...cells(row).map(formatCell),
  ]);
  const table = new Table({ head: headings });
  for (const line of lines) table.push(line.map((cell) => cell.replaceAll(", ", "\n")));
  console.log(table.toString());
  await writeScenarios(options.json, [...trials.values()], { nodeTimeoutMs: NODE_TIMEOUT_MS });
  for (const { name, obstacle } of failures) console.log(`${name}: ${obstacle}`);
  if (options.update && failures.length === 0) {
    const servers = BREAKAGES.map((breakage) =>
      formatSeconds(median(rows.flatMap((row) => roundsOf(trials, row, breakage)).flatMap(serversMs))),
    );
    await updatePage("clients", [
      ...measuredOn(progress),
      ...markdownTable([headings, ["the servers alone", "", ...servers], ...lines]),
      "",
      ...new Set(rows.flatMap(describeOptions)),
    ]);
  }
  return failures.length;
}

async function runTrials(
  rows: readonly ClientRow[],
  progress: Progress,
): Promise<ReadonlyMap<string, Trial>> {
  const trials = new Map<string, Trial>();
  const columns = Array.from({ length: ROUNDS }, (_, round) =>
    BREAKAGES.map((breakage) => ({ breakage, round })),
  ).flat();
  const runColumns = async (): Promise<void> => {
    for (let column = columns.shift(); column !== undefined; column = columns.shift()) {
      const { breakage, round } = column;
      await using clusters = new Clusters(breakage);
      for (const row of rows) {
        const name = trialName(row, breakage, round);
        const trial = await progress.once(
          name,
          () => tryClient(name, row, breakage, clusters),
          ({ survival, obstacle }) => survival !== undefined || obstacle === NO_MAP,
        );
        trials.set(name, trial);
      }
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT_COLUMNS }, runColumns));
  return trials;
}

async function tryClient(
  name: string,
  row: ClientRow,
  breakage: Breakage,
  clusters: Clusters,
): Promise<Trial> {
  if (breakage.needsAddressMap === true && !row.hasAddressMap)
    return { name, version: "", survival: undefined, obstacle: NO_MAP };
  try {
    const { cluster, tags } = await clusters.provide();
    const writers = await row.open(cluster, SHARDS * WRITERS_PER_SHARD);
    try {
      const survival = await measureSurvival(cluster, tags, breakage, writers);
      const trial = { name, version: writers.version, survival, obstacle: undefined };
      console.error(`${name}: ${formatCell([trial])}`);
      return trial;
    } finally {
      await writers.close();
    }
  } catch (error) {
    await clusters.discard();
    console.error(`${name}:`, error);
    return { name, version: "", survival: undefined, obstacle: String(error) };
  }
}

/** The cluster of a column, which is reset between the clients. */
class Clusters implements AsyncDisposable {
  readonly #breakage: Breakage;
  #cluster: StartedRedisCluster | undefined;

  constructor(breakage: Breakage) {
    this.#breakage = breakage;
  }

  /** Returns a cluster as after its start, and a hash tag for each shard. */
  async provide(): Promise<{ readonly cluster: StartedRedisCluster; readonly tags: readonly string[] }> {
    if (this.#cluster === undefined) {
      this.#cluster = await startRedisCluster({
        nodes: 2 * SHARDS,
        replicas: 1,
        nodeTimeoutMs: NODE_TIMEOUT_MS,
        ...this.#breakage.cluster,
      });
    } else {
      await this.#cluster.reset();
    }
    return { cluster: this.#cluster, tags: await findTags(this.#cluster) };
  }

  async discard(): Promise<void> {
    const cluster = this.#cluster;
    this.#cluster = undefined;
    await cluster?.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.discard();
  }
}

/** Returns a hash tag for each shard, in the order of the shards. */
async function findTags(cluster: StartedRedisCluster): Promise<readonly string[]> {
  const tags = new Map<number, string>();
  for (let index = 0; tags.size < SHARDS; index += 1) {
    const tag = `tag-${index}`;
    const { plannedShard } = await cluster.primaryOf(tag);
    if (plannedShard !== undefined && !tags.has(plannedShard)) tags.set(plannedShard, tag);
  }
  return [...tags].toSorted(([one], [other]) => one - other).map(([, tag]) => tag);
}

function roundsOf(trials: ReadonlyMap<string, Trial>, row: ClientRow, breakage: Breakage): readonly Trial[] {
  return Array.from(
    { length: ROUNDS },
    (_, round) => trials.get(trialName(row, breakage, round)) ?? [],
  ).flat();
}

function trialName(row: ClientRow, { name }: Breakage, round: number): string {
  return `${name}, round ${round + 1}: ${nameOf(row)}`;
}

function nameOf({ library, options }: ClientRow): string {
  return `${library} (${options})`;
}

/** Returns the name of the library and its version, which says more than the major version in the name. */
function formatName({ library }: ClientRow, trials: readonly Trial[]): string {
  const version = trials.find((trial) => trial.version !== "")?.version ?? "";
  return `${library.replace(/ \d+$/, "")} ${version}`.trim();
}

function describeOptions({ library, description }: ClientRow): readonly string[] {
  return description === ""
    ? []
    : [`- ${library}: ${description.replaceAll(/\((https:[^)]*)\)/g, "([documentation]($1))")}`];
}

function serversMs({ survival }: Trial): readonly number[] {
  return survival === undefined ? [] : [survival.serversMs];
}
