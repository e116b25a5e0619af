import type { Cluster } from "ioredis";
import type { Access } from "../clients/access.ts";
import type { AddressTable } from "../clients/address-table.ts";
import { type NodeCommand, NodeConnection } from "../clients/node-connection.ts";
import type { Engine } from "../docker/engine.ts";
import type { ImageConfig } from "../docker/image-config.ts";
import { messageOf, RedisClusterError } from "../errors.ts";
import type { CleanupStack } from "../cleanup/cleanup-stack.ts";
import { abortable } from "../timing/deadline.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import { monotonicMs } from "../clock/real-time.ts";
import type { SeedData, SeedShard } from "./dataset.ts";
import { distribute, type LoadedFile } from "./distribute.ts";
import { loadDataFile } from "./load-data-file.ts";
import { readData } from "./read-data.ts";
import type { DataFile, ReadySeed } from "./read-seed.ts";
import { deleteAllKeys, requireSeed, restoreSeed } from "./restore-seed.ts";
import { runCommands } from "./run-commands.ts";
import { sendCommands, sendCommandsOrThrow } from "./send-commands.ts";

/** What loading a seed needs from a formed cluster. */
export interface SeedTarget {
  readonly engine: Engine;
  readonly plan: ClusterPlan;
  readonly image: ImageConfig;
  readonly client: Cluster;
  readonly addresses: AddressTable;
  readonly access: Access;
  /** The connections by node index. */
  readonly connections: readonly NodeConnection[];
  readonly cleanup: CleanupStack;
  /** Names of containers that the engine may have created although its response was lost. New names are added. */
  readonly unconfirmedContainers: Set<string>;
}

/** The timeout of one WAIT command, which is repeated until all replicas have acknowledged. */
const WAIT_TIMEOUT_MS = 1_000;

/**
 * Loads a seed into a formed cluster, and verifies that a reset can restore it. To do so, it reads, deletes and restores the data,
 * and compares the data of every node with the seed.
 *
 * @throws RedisClusterError START_FAILED if the seed cannot be loaded, restored or verified.
 * @throws the reason of the signal when it aborts.
 */
export async function loadSeed(target: SeedTarget, seed: ReadySeed, signal: AbortSignal): Promise<SeedData> {
  const { plan, connections, cleanup } = target;
  if (seed.kind === "function") await callFunction(seed.load, target.client, signal);
  if (seed.kind === "commands") await runCommandFile(target, seed.path, seed.commands, signal);
  const loading = seed.kind === "files" ? loadFiles(target, seed.files, signal) : undefined;
  if (loading !== undefined) {
    // The cleanup of a failed start also waits for it, because the engine may be creating a container at that moment.
    cleanup.add("seed", "the loading of the seed", () =>
      loading.then(
        () => {},
        () => {},
      ),
    );
  }
  const shards = await (loading === undefined ? readAllData(target, signal) : abortable(loading, signal));
  const startedAt = monotonicMs();
  const data = { shards, restoreMs: 0 };
  try {
    await Promise.all(plan.shards.map((_, index) => deleteData(target, index, shards, signal)));
    // Scripts that were cached while loading are not part of the seed, and a reset does not restore them.
    await Promise.all(
      connections.map((connection) => sendIfAllowed(connection, ["SCRIPT", "FLUSH", "SYNC"], signal)),
    );
    await restoreSeed(plan, connections, data, async () => {}, signal);
    await Promise.all(plan.shards.map((_, index) => waitForReplicas(target, index, signal)));
    await requireSeed(plan, connections, data, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    throw createLoadError("restoring and verifying the data, as a reset does, failed", error);
  }
  return { ...data, restoreMs: monotonicMs() - startedAt };
}

/** Deletes the data of a shard, so that restoring it afterwards is a real test. */
async function deleteData(
  { plan, connections }: SeedTarget,
  shard: number,
  data: readonly SeedShard[],
  signal: AbortSignal,
): Promise<void> {
  const connection = connections[plan.shards[shard]?.primary ?? -1] as NodeConnection;
  if (!(await sendIfAllowed(connection, ["FLUSHALL", "SYNC"], signal)))
    await deleteAllKeys(connection, signal);
  const flush: NodeCommand = ["FUNCTION", "FLUSH", "SYNC"];
  // A server without FUNCTION has no functions to delete. If the seed has functions, they would remain if only FUNCTION FLUSH is
  // not allowed, so the command must succeed.
  if (data[shard]?.librariesDigest === "") await sendIfAllowed(connection, flush, signal);
  else await sendCommandsOrThrow(connection, [flush], signal);
}

/**
 * Sends a command, and returns whether the server has this command and allows it.
 *
 * @throws Error with any other error reply.
 */
async function sendIfAllowed(
  connection: NodeConnection,
  command: NodeCommand,
  signal: AbortSignal,
): Promise<boolean> {
  const [reply] = await sendCommands(connection, [command], signal);
  if (!(reply instanceof Error)) return true;
  if (/unknown (?:sub)?command|^NOPERM/i.test(reply.message)) return false;
  throw new Error(`${connection.node.name} replied to ${command[0]}: ${reply.message}`);
}

function createLoadError(problem: string, cause: unknown): RedisClusterError {
  return new RedisClusterError("START_FAILED", `Loading the seed failed: ${problem}: ${messageOf(cause)}`, {
    cause,
  });
}

async function callFunction(
  load: (client: Cluster) => unknown,
  client: Cluster,
  signal: AbortSignal,
): Promise<void> {
  try {
    await abortable(
      (async () => {
        await load(client);
      })(),
      signal,
    );
  } catch (error) {
    if (signal.aborted) throw error;
    throw createLoadError("the function rejected", error);
  }
}

async function runCommandFile(
  { plan, addresses, access }: SeedTarget,
  path: string,
  commands: Extract<ReadySeed, { kind: "commands" }>["commands"],
  signal: AbortSignal,
): Promise<void> {
  const primaries = plan.shards.map(({ primary }) => {
    const node = plan.nodes[primary];
    if (node === undefined) throw new TypeError("expected every shard to have a primary");
    return new NodeConnection(node, addresses, access, plan.timeScale);
  });
  try {
    await Promise.all(primaries.map((primary) => primary.ready(signal)));
    await abortable(runCommands(plan, primaries, path, commands, signal), signal);
  } finally {
    for (const primary of primaries) primary.close();
  }
}

/** Reads the data of all primaries. */
async function readAllData(
  { plan, connections }: SeedTarget,
  signal: AbortSignal,
): Promise<readonly SeedShard[]> {
  const seedSize = { bytes: 0 };
  return await Promise.all(
    plan.shards.map(({ primary }) => readData(connections[primary] as NodeConnection, seedSize, signal)),
  );
}

/** Loads all files, and returns their data by shard. */
async function loadFiles(
  { engine, plan, image, unconfirmedContainers }: SeedTarget,
  files: readonly DataFile[],
  signal: AbortSignal,
): Promise<readonly SeedShard[]> {
  const seedSize = { bytes: 0 };
  const loaded: LoadedFile[] = [];
  // Files are loaded one after the other, because each server needs an address and the network may have few unused ones.
  for (const file of files) {
    const data = await loadDataFile({ engine, plan, image, unconfirmedContainers }, file, seedSize, signal);
    loaded.push({ path: file.path, data });
  }
  return distribute(plan, loaded);
}

/** Waits until the replicas of a shard have all writes that were sent over the connection of its primary. */
async function waitForReplicas(
  { plan, connections }: SeedTarget,
  shard: number,
  signal: AbortSignal,
): Promise<void> {
  const { primary = 0, replicas = [] } = plan.shards[shard] ?? {};
  const connection = connections[primary] as NodeConnection;
  while (replicas.length > 0) {
    const [acknowledged] = await sendCommandsOrThrow(
      connection,
      [["WAIT", replicas.length, WAIT_TIMEOUT_MS]],
      signal,
    );
    if (Number(acknowledged) >= replicas.length) return;
  }
}
