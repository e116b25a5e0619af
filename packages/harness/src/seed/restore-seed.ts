import { commandBytes, type NodeCommand, type NodeConnection } from "../clients/node-connection.ts";
import { RedisClusterError, summarize } from "../errors.ts";
import type { ClusterPlan, ShardPlan } from "../plan/cluster-plan.ts";
import {
  canExpireCompletely,
  digestKey,
  hasExpiry,
  type HashField,
  type SeedData,
  type SeedKey,
  type SeedShard,
} from "./dataset.ts";
import { createValueReader, type CurrentValue, readFunctions, readKeyspace, scanKeys } from "./read-data.ts";
import { sendCommandsOrThrow } from "./send-commands.ts";

const MAX_COMMANDS_PER_BATCH = 500;
const MAX_BYTES_PER_BATCH = 1024 ** 2;
const FIELDS_PER_COMMAND = 500;
/** The number of keys in addition to twice those of the seed from which on it is faster to delete all keys of a primary. */
const EXTRA_KEYS_BEFORE_FLUSH = 1_000;
const MAX_SHOWN_KEYS = 3;

/** How the data of a node differs from its seed. */
interface Difference {
  readonly extra: readonly Buffer[];
  readonly missing: readonly SeedKey[];
  readonly changed: readonly SeedKey[];
  readonly hasOtherFunctions: boolean;
}

/**
 * Restores the seed on every primary. Deletes keys that are not in the seed. Restores keys that are missing, have changed, or expire
 * (themselves or in some of their fields), so that they have their original times to live again.
 *
 * @param flush deletes all keys of a primary.
 */
export async function restoreSeed(
  plan: ClusterPlan,
  connections: readonly NodeConnection[],
  seed: SeedData,
  flush: (connection: NodeConnection) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(
    plan.shards.map(async ({ primary, index }) => {
      const connection = connections[primary] as NodeConnection;
      await restoreShard(connection, seed.shards[index] as SeedShard, flush, signal);
    }),
  );
}

async function restoreShard(
  connection: NodeConnection,
  seed: SeedShard,
  flush: (connection: NodeConnection) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const databases = await readKeyspace(connection, signal);
  const hasKeysInOtherDatabases = databases.some(({ database }) => database !== 0);
  const keyCount = databases.reduce((sum, { keys }) => sum + keys, 0);
  if (hasKeysInOtherDatabases || keyCount > 2 * seed.keys.size + EXTRA_KEYS_BEFORE_FLUSH) {
    await flush(connection);
  }
  const found = await compareWithSeed(connection, seed, signal);
  await deleteKeys(connection, found.extra, signal);
  const differing = new Set([...found.missing, ...found.changed]);
  const toRestore = [...seed.keys.values()].filter((key) => hasExpiry(key) || differing.has(key));
  for (const batch of batches(toRestore.flatMap(restoreCommands))) {
    await sendCommandsOrThrow(connection, batch, signal);
  }
  if (found.hasOtherFunctions && seed.functions !== undefined) {
    await sendCommandsOrThrow(connection, [["FUNCTION", "RESTORE", seed.functions, "FLUSH"]], signal);
  }
}

/** Deletes keys of a primary with one command for each key, because the keys are in different slots. */
async function deleteKeys(
  connection: NodeConnection,
  names: readonly Buffer[],
  signal: AbortSignal,
): Promise<void> {
  for (const batch of batches(names.map((name): NodeCommand => ["UNLINK", name]))) {
    await sendCommandsOrThrow(connection, batch, signal);
  }
}

/** Deletes all keys of a primary without FLUSHALL, which some servers do not have. */
export async function deleteAllKeys(connection: NodeConnection, signal: AbortSignal): Promise<void> {
  for await (const names of scanKeys(connection, signal)) await deleteKeys(connection, names, signal);
}

/**
 * Returns the commands that restore a key, whatever its current value is. It is harmless to send all of them again in the same
 * order.
 */
export function restoreCommands({ name, value, ttlMs }: SeedKey): readonly NodeCommand[] {
  // 0 means that the key does not expire.
  if (Buffer.isBuffer(value)) return [["RESTORE", name, ttlMs ?? 0, value, "REPLACE"]];
  const fieldsByTtl = Map.groupBy(value, (field) => field.ttlMs);
  return [
    ["UNLINK", name],
    ...chunkFields(value).map(
      (fields): NodeCommand => ["HSET", name, ...fields.flatMap((field) => [field.name, field.value])],
    ),
    ...[...fieldsByTtl].flatMap(([fieldTtlMs, fields]) =>
      fieldTtlMs === undefined
        ? []
        : chunkFields(fields).map(
            (chunk): NodeCommand => [
              "HPEXPIRE",
              name,
              fieldTtlMs,
              "FIELDS",
              chunk.length,
              ...chunk.map((field) => field.name),
            ],
          ),
    ),
    ...(ttlMs === undefined ? [] : [["PEXPIRE", name, ttlMs] as const]),
  ];
}

function chunkFields(fields: readonly HashField[]): readonly (readonly HashField[])[] {
  const chunks: HashField[][] = [];
  for (let from = 0; from < fields.length; from += FIELDS_PER_COMMAND) {
    chunks.push(fields.slice(from, from + FIELDS_PER_COMMAND));
  }
  return chunks;
}

/** Splits commands into batches that a server can answer before the command timeout. */
function* batches(commands: readonly NodeCommand[]): Generator<readonly NodeCommand[]> {
  let batch: NodeCommand[] = [];
  let bytes = 0;
  for (const command of commands) {
    batch.push(command);
    bytes += commandBytes(command);
    if (batch.length < MAX_COMMANDS_PER_BATCH && bytes < MAX_BYTES_PER_BATCH) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}

/** @throws RedisClusterError RESET_FAILED if the data of any node, primary or replica, differs from the seed. */
export async function requireSeed(
  plan: ClusterPlan,
  connections: readonly NodeConnection[],
  seed: SeedData,
  signal: AbortSignal,
): Promise<void> {
  const differences = await findSeedDifferences(plan, connections, seed, signal);
  if (differences.length === 0) return;
  throw new RedisClusterError(
    "RESET_FAILED",
    `The data differ from the seed: ${summarize(differences)}. If a client is writing to the cluster, stop it and try again.`,
  );
}

/** Returns how the data of the nodes differs from the seed, one sentence for each difference. */
export async function findSeedDifferences(
  plan: ClusterPlan,
  connections: readonly NodeConnection[],
  seed: SeedData,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const differences = await Promise.all(
    connections.map(async (connection) => {
      const { shard } = plan.nodes[connection.node.index] as { readonly shard: ShardPlan["index"] };
      const data = seed.shards[shard] as SeedShard;
      return describeDifference(connection.node.name, await compareWithSeed(connection, data, signal));
    }),
  );
  return differences.flat();
}

function describeDifference(
  node: string,
  { extra, missing, changed, hasOtherFunctions }: Difference,
): readonly string[] {
  const permanent = missing.filter((key) => !canExpireCompletely(key));
  const lines = (
    [
      [extra, (count: number) => `has ${count} keys that are not in the seed`],
      [permanent.map(({ name }) => name), (count: number) => `lacks ${count} keys of the seed`],
      [changed.map(({ name }) => name), (count: number) => `has ${count} changed keys`],
    ] as const
  )
    .filter(([names]) => names.length > 0)
    .map(([names, describe]) => `${node} ${describe(names.length)} (${formatNames(names)})`);
  return hasOtherFunctions ? [...lines, `${node} has other functions than the seed`] : lines;
}

function formatNames(names: readonly Buffer[]): string {
  const shown = names.slice(0, MAX_SHOWN_KEYS).map((name) => JSON.stringify(name.toString()));
  return names.length > MAX_SHOWN_KEYS ? `${shown.join(", ")}, …` : shown.join(", ");
}

async function compareWithSeed(
  connection: NodeConnection,
  seed: SeedShard,
  signal: AbortSignal,
): Promise<Difference> {
  const extra: Buffer[] = [];
  const changed: SeedKey[] = [];
  const seen = new Set<string>();
  const readValues = await createValueReader(
    connection,
    signal,
    (name) => !Buffer.isBuffer(seed.keys.get(name.toString("latin1"))?.value),
  );
  for await (const names of scanKeys(connection, signal)) {
    const known: Buffer[] = [];
    for (const name of names) {
      const id = name.toString("latin1");
      if (seen.has(id)) continue;
      seen.add(id);
      (seed.keys.has(id) ? known : extra).push(name);
    }
    for await (const { name, value } of readValues(known)) {
      const id = name.toString("latin1");
      const key = seed.keys.get(id) as SeedKey;
      if (value === undefined) seen.delete(id);
      else if (isChanged(key, value)) changed.push(key);
    }
  }
  const missing = [...seed.keys].filter(([name]) => !seen.has(name)).map(([, key]) => key);
  const { librariesDigest } = await readFunctions(connection, signal);
  return { extra, missing, changed, hasOtherFunctions: librariesDigest !== seed.librariesDigest };
}

/** Returns whether the current value of a key differs from the seed, apart from fields that have expired since the restore. */
export function isChanged(key: SeedKey, current: CurrentValue): boolean {
  const seedFields = Buffer.isBuffer(key.value) ? undefined : key.value;
  const value =
    seedFields === undefined || current.fields === undefined
      ? current.payload
      : withExpiredFields(seedFields, current.fields);
  if (digestKey(key.name, value, current.ttlMs !== undefined) !== key.digest) return true;
  if ((current.ttlMs ?? 0) > (key.ttlMs ?? 0)) return true;
  const seedTtls = new Map(seedFields?.map(({ name, ttlMs = 0 }) => [name.toString("latin1"), ttlMs]));
  const hasLongerTtl = ({ name, ttlMs = 0 }: HashField): boolean =>
    ttlMs > (seedTtls.get(name.toString("latin1")) ?? 0);
  return current.fields?.some(hasLongerTtl) ?? false;
}

/** Returns the current fields of a hash, and the missing fields of the seed that can have expired. */
function withExpiredFields(
  seedFields: readonly HashField[],
  currentFields: readonly HashField[],
): readonly HashField[] {
  const names = new Set(currentFields.map(({ name }) => name.toString("latin1")));
  const expired = seedFields.filter(
    ({ name, ttlMs }) => ttlMs !== undefined && !names.has(name.toString("latin1")),
  );
  return [...currentFields, ...expired];
}
