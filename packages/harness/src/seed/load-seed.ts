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
import { ask, askAll } from "./ask.ts";
import type { SeedData, SeedShard } from "./dataset.ts";
import { distribute, type LoadedFile } from "./distribute.ts";
import { loadDataFile } from "./load-data-file.ts";
import { readData } from "./read-data.ts";
import type { DataFile, ReadySeed } from "./read-seed.ts";
import { deleteAllKeys, requireSeed, returnToSeed } from "./return-to-seed.ts";
import { runCommands } from "./run-commands.ts";

/** What loading a seed needs of a formed cluster. */
export interface SeedTarget {
  readonly engine: Engine;
  readonly plan: ClusterPlan;
  readonly image: ImageConfig;
  readonly client: Cluster;
  readonly addresses: AddressTable;
  readonly access: Access;
  /** By node index. */
  readonly connections: readonly NodeConnection[];
  readonly cleanup: CleanupStack;
  /** See {@link loadDataFile}. */
  readonly lost: Set<string>;
}

const REPLICAS_LIMIT_MS = 1_000;

/**
 * Loads a seed into a formed cluster, and proves that a reset can return to it: its data are read, deleted, restored, and
 * compared on every node.
 *
 * @throws RedisClusterError START_FAILED; or the signal's reason.
 */
export async function loadSeed(target: SeedTarget, seed: ReadySeed, signal: AbortSignal): Promise<SeedData> {
  const { plan, connections, cleanup } = target;
  if (seed.kind === "function") await callFunction(seed.load, target.client, signal);
  if (seed.kind === "commands") await runFile(target, seed.path, seed.commands, signal);
  const loading = seed.kind === "files" ? filesOf(target, seed.files, signal) : undefined;
  // Also if the start is given up: the engine may be creating a container at that moment.
  if (loading !== undefined)
    cleanup.add("seed", "the loading of the seed", () =>
      loading.then(
        () => {},
        () => {},
      ),
    );
  const shards = await (loading === undefined ? presentData(target, signal) : abortable(loading, signal));
  const begun = monotonicMs();
  const data = { shards, restoreMs: 0 };
  try {
    await Promise.all(plan.shards.map((_, index) => deleteData(target, index, shards, signal)));
    // What the loading has cached is no data, and no reset restores it.
    await Promise.all(
      connections.map((connection) => allow(connection, ["SCRIPT", "FLUSH", "SYNC"], signal)),
    );
    await returnToSeed(plan, connections, data, async () => {}, signal);
    await Promise.all(plan.shards.map((_, index) => replicasHaveAll(target, index, signal)));
    await requireSeed(plan, connections, data, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    throw failed("the data cannot be restored and verified, as a reset does it", error);
  }
  return { ...data, restoreMs: monotonicMs() - begun };
}

/** Deletes the data of a shard, so that restoring them is a proof. */
async function deleteData(
  { plan, connections }: SeedTarget,
  shard: number,
  data: readonly SeedShard[],
  signal: AbortSignal,
): Promise<void> {
  const connection = connections[plan.shards[shard]?.primary ?? -1] as NodeConnection;
  if (!(await allow(connection, ["FLUSHALL", "SYNC"], signal))) await deleteAllKeys(connection, signal);
  const flush: NodeCommand = ["FUNCTION", "FLUSH", "SYNC"];
  // Without FUNCTION there are none. If only FLUSH is forbidden, functions of the loading would stay.
  if (data[shard]?.libraries === "") await allow(connection, flush, signal);
  else await askAll(connection, [flush], signal);
}

/** Sends a command and returns whether the server has it and allows it. Any other error reply is thrown. */
async function allow(
  connection: NodeConnection,
  command: NodeCommand,
  signal: AbortSignal,
): Promise<boolean> {
  const [reply] = await ask(connection, [command], signal);
  if (!(reply instanceof Error)) return true;
  if (/unknown (?:sub)?command|^NOPERM/i.test(reply.message)) return false;
  throw new Error(`${connection.node.name} replied to ${command[0]}: ${reply.message}`);
}

function failed(what: string, cause: unknown): RedisClusterError {
  return new RedisClusterError("START_FAILED", `Loading the seed failed: ${what}: ${messageOf(cause)}`, {
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
    throw failed("the function rejected", error);
  }
}

async function runFile(
  { plan, addresses, access }: SeedTarget,
  path: string,
  commands: Extract<ReadySeed, { kind: "commands" }>["commands"],
  signal: AbortSignal,
): Promise<void> {
  const primaries = plan.shards.map(({ primary }) => {
    const node = plan.nodes[primary];
    if (node === undefined) throw new TypeError("A shard has a primary.");
    return new NodeConnection(node, addresses, access, plan.timeScale);
  });
  try {
    await Promise.all(primaries.map((primary) => primary.ready(signal)));
    await abortable(runCommands(plan, primaries, path, commands, signal), signal);
  } finally {
    for (const primary of primaries) primary.close();
  }
}

async function presentData(
  { plan, connections }: SeedTarget,
  signal: AbortSignal,
): Promise<readonly SeedShard[]> {
  const used = { bytes: 0 };
  return await Promise.all(
    plan.shards.map(({ primary }) => readData(connections[primary] as NodeConnection, used, signal)),
  );
}

/** The data of all files, by the shards that serve their keys. */
async function filesOf(
  { engine, plan, image, lost }: SeedTarget,
  files: readonly DataFile[],
  signal: AbortSignal,
): Promise<readonly SeedShard[]> {
  const used = { bytes: 0 };
  const loaded: LoadedFile[] = [];
  // One after the other: each takes an address of the network, which may have few to spare.
  for (const file of files) {
    const data = await loadDataFile({ engine, plan, image, lost }, file, used, signal);
    loaded.push({ path: file.path, data });
  }
  return distribute(plan, loaded);
}

/** Waits until the replicas of a shard have all that its primary's connection wrote. */
async function replicasHaveAll(
  { plan, connections }: SeedTarget,
  shard: number,
  signal: AbortSignal,
): Promise<void> {
  const { primary = 0, replicas = [] } = plan.shards[shard] ?? {};
  const connection = connections[primary] as NodeConnection;
  while (replicas.length > 0) {
    const [have] = await askAll(connection, [["WAIT", replicas.length, REPLICAS_LIMIT_MS]], signal);
    if (Number(have) >= replicas.length) return;
  }
}
