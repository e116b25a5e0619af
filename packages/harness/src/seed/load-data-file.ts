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
const SHOWN_LINES = 5;

/** What loading a file needs of a start. */
export interface FileTarget {
  readonly engine: Engine;
  readonly plan: ClusterPlan;
  readonly image: ImageConfig;
  /** Names of containers that the engine may have created without saying so. It is added to. */
  readonly lost: Set<string>;
}

/**
 * Reads the data of an RDB or append-only file: a server of the cluster's image, with its modules, loads it, and is removed
 * again. So every format that the image can load can be used.
 *
 * @param used see {@link readData}.
 * @throws RedisClusterError START_FAILED with the server's last words if it cannot load the file.
 */
export async function loadDataFile(
  target: FileTarget,
  file: DataFile,
  used: { bytes: number },
  signal: AbortSignal,
): Promise<SeedShard> {
  signal.throwIfAborted();
  const password = randomBytes(16).toString("hex");
  const server = seedServer(target.plan, file, password);
  try {
    return await removeAfter(target.engine, server.containerName, async () => {
      const container = await create(target, server);
      await container.putFiles(FOLDER, file.files);
      await container.start();
      signal.throwIfAborted();
      const addresses = new AddressTable();
      // A server that ends at once has no port any more.
      const address = await container
        .mappedAddress()
        .catch((error: unknown) => refused(container, file, error));
      addresses.set(server, address);
      const access = { password, tls: undefined };
      const connection = new NodeConnection(server, addresses, access, target.plan.timeScale);
      try {
        await loaded(connection, container, file, signal);
        return await readData(connection, used, signal);
      } finally {
        connection.close();
      }
    });
  } catch (error) {
    if (signal.aborted || error instanceof RedisClusterError) throw error;
    throw loadingFailed(
      file,
      messageOf(error),
      "A container of its own loads the file: see whether the engine can create and start one more in the cluster's network.",
      error,
    );
  }
}

async function create({ engine, plan, image, lost }: FileTarget, server: NodePlan): Promise<NodeContainer> {
  try {
    return await createSeedServer(engine, plan, server, image);
  } catch (error) {
    if (isUnanswered(error)) lost.add(server.containerName);
    throw error;
  }
}

function loadingFailed({ path }: DataFile, why: string, remedy: string, cause: unknown): RedisClusterError {
  return new RedisClusterError(
    "START_FAILED",
    `Loading the seed file ${JSON.stringify(path)} failed: ${why}\n  ${remedy}`,
    { cause, details: { file: path } },
  );
}

/** A server with the modules of the nodes, and no other of their settings: it only has to load the files. */
function seedServer(plan: ClusterPlan, { settings }: DataFile, password: string): NodePlan {
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
    // The place in the address table of its connection only.
    hostPort: undefined,
    hostBusPort: undefined,
    redisConf: `${lines.join("\n")}\n`,
    nodesConf: "",
    // An option after the file of settings, in which the boot script names the data folder.
    firstBootArguments: ["--dir", `/tmp/${FOLDER}`],
  };
}

/** Waits until a server has loaded its files: until then it replies with an error (LOADING), or is not reached at all. */
async function loaded(
  connection: NodeConnection,
  container: NodeContainer,
  file: DataFile,
  signal: AbortSignal,
): Promise<void> {
  await poll(() => connection.text("PING").catch((error: unknown) => refused(container, file, error)), {
    everyMs: POLL_MS,
    signal,
  });
}

/** Throws the last words of a server that has ended, and the given error if the server still runs. */
async function refused(container: NodeContainer, file: DataFile, error: unknown): Promise<never> {
  const { status } = await container.state();
  if (status === "running") throw error;
  const words = (await container.logs({ tail: SHOWN_LINES })).trim().split(/\r?\n/).join("\n    ");
  throw loadingFailed(
    file,
    `the server of the cluster's image cannot load it. It printed last:\n    ${words}`,
    "Use a file that a server of this image, or of an older version, has written, and that `redis-check-rdb` or `redis-check-aof` finds valid.",
    error,
  );
}
