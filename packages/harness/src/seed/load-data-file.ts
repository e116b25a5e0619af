import { randomBytes } from "node:crypto";
import { AddressTable } from "../clients/address-table.ts";
import { NodeConnection } from "../clients/node-connection.ts";
import type { Engine } from "../docker/engine.ts";
import type { ImageConfig } from "../docker/image-config.ts";
import { isUnanswered } from "../docker/leftover-containers.ts";
import { type NodeContainer, removeAfter } from "../docker/node-container.ts";
import { createSeedServer } from "../docker/seed-server.ts";
import { messageOf, RedisClusterError } from "../errors.ts";
import { poll } from "../timing/retry.ts";
import type { ClusterPlan, NodePlan } from "../plan/cluster-plan.ts";
import { quoteArgument } from "../plan/server-config.ts";
import type { SeedShard } from "./dataset.ts";
import { readData } from "./read-data.ts";
import type { DataFile } from "./read-seed.ts";

const POLL_MS = 20;
const FOLDER = "redis-seed";
const SHOWN_LOG_LINES = 5;

/** What loading a file needs from the start of the cluster. */
export interface FileTarget {
  readonly engine: Engine;
  readonly plan: ClusterPlan;
  readonly image: ImageConfig;
  /** Names of containers that the engine may have created although its response was lost. New names are added. */
  readonly unconfirmedContainers: Set<string>;
}

/**
 * Reads the data of an RDB file or append-only file. A temporary server of the cluster's image, with the modules of the cluster,
 * loads the file and is then removed. So the file can have every format that the image can load.
 *
 * @param seedSize see {@link readData}.
 * @throws RedisClusterError START_FAILED if the server cannot load the file, with the last lines of its log, or if its container
 * cannot be created or started.
 */
export async function loadDataFile(
  target: FileTarget,
  file: DataFile,
  seedSize: { bytes: number },
  signal: AbortSignal,
): Promise<SeedShard> {
  signal.throwIfAborted();
  const password = randomBytes(16).toString("hex");
  const server = planSeedServer(target.plan, file, password);
  try {
    return await removeAfter(target.engine, server.containerName, async () => {
      const container = await createServer(target, server);
      await container.putFiles(FOLDER, file.files);
      await container.start();
      signal.throwIfAborted();
      const addresses = new AddressTable();
      // A server that exits immediately has no published port any more.
      const address = await container
        .publishedAddress()
        .catch((error: unknown) => throwLoadError(container, file, error));
      addresses.set(server, address);
      const access = { password, tls: undefined };
      const connection = new NodeConnection(server, addresses, access, target.plan.timeScale);
      try {
        await waitUntilLoaded(connection, container, file, signal);
        return await readData(connection, seedSize, signal);
      } finally {
        connection.close();
      }
    });
  } catch (error) {
    if (signal.aborted || error instanceof RedisClusterError) throw error;
    throw createFileError(
      file,
      messageOf(error),
      "The file is loaded in a separate container: verify that the engine can create and start another container in the cluster's network.",
      error,
    );
  }
}

async function createServer(
  { engine, plan, image, unconfirmedContainers }: FileTarget,
  server: NodePlan,
): Promise<NodeContainer> {
  try {
    return await createSeedServer(engine, plan, server, image);
  } catch (error) {
    if (isUnanswered(error)) unconfirmedContainers.add(server.containerName);
    throw error;
  }
}

function createFileError(
  { path }: DataFile,
  problem: string,
  remedy: string,
  cause: unknown,
): RedisClusterError {
  return new RedisClusterError(
    "START_FAILED",
    `Loading the seed file ${JSON.stringify(path)} failed: ${problem}\n  ${remedy}`,
    { cause, details: { file: path } },
  );
}

/** Plans a server with the modules of the nodes, but without their other settings, because it only loads the files. */
function planSeedServer(plan: ClusterPlan, { settings }: DataFile, password: string): NodePlan {
  const [first] = plan.nodes as readonly [NodePlan];
  const modules = first.redisConf.split("\n").filter((line) => line.startsWith("loadmodule "));
  const lines = [
    `port ${first.port}`,
    `requirepass ${password}`,
    'save ""',
    ...Object.entries(settings).map(([name, value]) => `${name} ${quoteArgument(value)}`),
    ...modules,
  ];
  return {
    ...first,
    name: "seed",
    hostname: undefined,
    containerName: `${plan.name}-seed-${randomBytes(4).toString("hex")}`,
    // The address is only in the address table of this server's connection.
    hostPort: undefined,
    hostBusPort: undefined,
    redisConf: `${lines.join("\n")}\n`,
    nodesConf: "",
    // A command line argument replaces the data folder that the boot script writes into the configuration file.
    firstBootArguments: ["--dir", `/tmp/${FOLDER}`],
  };
}

/** Waits until a server has loaded its files. Before that, it replies with an error (LOADING) or is unreachable. */
async function waitUntilLoaded(
  connection: NodeConnection,
  container: NodeContainer,
  file: DataFile,
  signal: AbortSignal,
): Promise<void> {
  await poll(
    () => connection.text("PING").catch((error: unknown) => throwLoadError(container, file, error)),
    {
      everyMs: POLL_MS,
      signal,
    },
  );
}

/** Throws an error with the last lines of the server's log if the server has exited, and the given error if it still runs. */
async function throwLoadError(container: NodeContainer, file: DataFile, error: unknown): Promise<never> {
  const { status } = await container.state();
  if (status === "running") throw error;
  const output = (await container.logs({ tail: SHOWN_LOG_LINES })).trim().split(/\r?\n/).join("\n    ");
  throw createFileError(
    file,
    `a server of the cluster's image cannot load it. Its last output:\n    ${output}`,
    "Use a file that was written by a server of this image, or of an older version, and that `redis-check-rdb` or `redis-check-aof` accepts.",
    error,
  );
}
