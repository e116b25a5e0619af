import { randomBytes } from "node:crypto";
import { AddressTable } from "../clients/address-table.ts";
import { NodeConnection } from "../clients/node-connection.ts";
import type { Engine } from "../docker/engine.ts";
import type { ImageFacts } from "../docker/image-facts.ts";
import { type NodeRuntime, removeContainer } from "../docker/node-runtime.ts";
import { startSeedServer } from "../docker/seed-server.ts";
import { messageOf, RedisClusterError } from "../errors.ts";
import { orAborted } from "../lifecycle/deadline.ts";
import { poll } from "../lifecycle/poll.ts";
import type { ClusterPlan, NodePlan } from "../plan/cluster-plan.ts";
import { quoteArgument } from "../plan/server-config.ts";
import type { SeedShard } from "./dataset.ts";
import { readData } from "./read-data.ts";
import type { DataFile } from "./read-seed.ts";

const POLL_MS = 20;
const FOLDER = "redis-seed";
const SHOWN_LINES = 5;

/**
 * Reads the data of an RDB or append-only file: a server of the cluster's image, with its modules, loads it, and is removed
 * again. So every format that the image can load can be used.
 *
 * @param used see {@link readData}.
 * @throws RedisClusterError START_FAILED with the server's last words if it cannot load the file.
 */
export async function loadDataFile(
  engine: Engine,
  plan: ClusterPlan,
  image: ImageFacts,
  file: DataFile,
  used: { bytes: number },
  signal: AbortSignal,
): Promise<SeedShard> {
  signal.throwIfAborted();
  const password = randomBytes(16).toString("hex");
  const server = seedServer(plan, file, password);
  let connection: NodeConnection | undefined;
  try {
    const runtime = await startSeedServer(engine, plan, server, image, FOLDER, file.files);
    signal.throwIfAborted();
    const addresses = new AddressTable();
    addresses.set(server, await runtime.mappedAddress());
    connection = new NodeConnection(server, addresses, { password, tls: undefined }, plan.timeScale);
    await loaded(connection, runtime, file, signal);
    return await orAborted(readData(connection, used, signal), signal);
  } catch (error) {
    if (signal.aborted || error instanceof RedisClusterError) throw error;
    throw new RedisClusterError(
      "START_FAILED",
      `Loading the seed file ${JSON.stringify(file.path)} failed: ${messageOf(error)}`,
      {
        cause: error,
        details: { file: file.path },
      },
    );
  } finally {
    connection?.close();
    await removeContainer(engine, server.containerName);
  }
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
  runtime: NodeRuntime,
  { path }: DataFile,
  signal: AbortSignal,
): Promise<void> {
  await poll(
    async () => {
      try {
        await connection.text("PING");
      } catch (error) {
        const { status } = await runtime.state();
        if (status === "running") throw error;
        const words = (await runtime.logs({ tail: SHOWN_LINES })).trim().split(/\r?\n/).join("\n    ");
        throw new RedisClusterError(
          "START_FAILED",
          `Loading the seed file ${JSON.stringify(path)} failed: the server of the cluster's image cannot load it. It printed last:\n    ${words}`,
          { cause: error, details: { file: path } },
        );
      }
    },
    { everyMs: POLL_MS, signal },
  );
}
