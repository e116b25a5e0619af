import { commandBytes, type NodeCommand, type NodeConnection } from "../clients/node-connection.ts";
import { RedisClusterError, summarize } from "../errors.ts";
import type { ClusterPlan, ShardPlan } from "../plan/cluster-plan.ts";
import { askAll } from "./ask.ts";
import {
  digestOf,
  hasExpiry,
  type HashField,
  mayBeGone,
  type SeedData,
  type SeedKey,
  type SeedShard,
} from "./dataset.ts";
import { type PresentValue, readFunctions, readKeyspace, scan, valueReader } from "./read-data.ts";

const COMMANDS_AT_ONCE = 500;
const FIELDS_AT_ONCE = 500;
const BYTES_AT_ONCE = 1024 ** 2;
/** With more foreign keys than this, and than the seed has, deleting everything is quicker. */
const MANY_KEYS = 1_000;
const SHOWN_KEYS = 3;

/** How the data of a node differ from its seed. */
interface Difference {
  readonly extra: readonly Buffer[];
  readonly missing: readonly SeedKey[];
  readonly changed: readonly SeedKey[];
  readonly functions: boolean;
}

/**
 * Gives every primary the data of its seed: deletes keys that are not in it, and restores those that are missing, have
 * changed, or expire wholly or in part, whose times to live begin again.
 *
 * @param flush deletes all keys of a primary.
 */
export async function returnToSeed(
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
  const elsewhere = databases.some(({ database }) => database !== 0);
  const all = databases.reduce((sum, { keys }) => sum + keys, 0);
  if (elsewhere || all > 2 * seed.keys.size + MANY_KEYS) await flush(connection);
  const found = await compare(connection, seed, signal);
  await deleteKeys(connection, found.extra, signal);
  const differing = new Set([...found.missing, ...found.changed]);
  const restored = [...seed.keys.values()].filter((key) => hasExpiry(key) || differing.has(key));
  for (const batch of batches(restored.flatMap(restoring))) await askAll(connection, batch, signal);
  if (found.functions && seed.functions !== undefined) {
    await askAll(connection, [["FUNCTION", "RESTORE", seed.functions, "FLUSH"]], signal);
  }
}

/** Deletes keys of a primary one by one, because they are in different slots. */
async function deleteKeys(
  connection: NodeConnection,
  names: readonly Buffer[],
  signal: AbortSignal,
): Promise<void> {
  for (const batch of batches(names.map((name): NodeCommand => ["UNLINK", name])))
    await askAll(connection, batch, signal);
}

/** Deletes all keys of a primary, also if its server has no FLUSHALL. */
export async function deleteAllKeys(connection: NodeConnection, signal: AbortSignal): Promise<void> {
  for await (const names of scan(connection, signal)) await deleteKeys(connection, names, signal);
}

/** The commands that restore a key, whatever is there at present. They may be repeated, in this order. */
export function restoring({ name, value, ttlMs }: SeedKey): readonly NodeCommand[] {
  // 0 stands for a key that does not expire.
  if (Buffer.isBuffer(value)) return [["RESTORE", name, ttlMs ?? 0, value, "REPLACE"]];
  const byTtl = Map.groupBy(value, (field) => field.ttlMs);
  return [
    ["UNLINK", name],
    ...inParts(value).map(
      (fields): NodeCommand => ["HSET", name, ...fields.flatMap((field) => [field.name, field.value])],
    ),
    ...[...byTtl].flatMap(([fieldTtlMs, fields]) =>
      fieldTtlMs === undefined
        ? []
        : inParts(fields).map(
            (some): NodeCommand => [
              "HPEXPIRE",
              name,
              fieldTtlMs,
              "FIELDS",
              some.length,
              ...some.map((field) => field.name),
            ],
          ),
    ),
    ...(ttlMs === undefined ? [] : [["PEXPIRE", name, ttlMs] as const]),
  ];
}

function inParts(fields: readonly HashField[]): readonly (readonly HashField[])[] {
  const parts: HashField[][] = [];
  for (let from = 0; from < fields.length; from += FIELDS_AT_ONCE)
    parts.push(fields.slice(from, from + FIELDS_AT_ONCE));
  return parts;
}

/** Some commands at a time, so that a server answers in time. */
function* batches(commands: readonly NodeCommand[]): Generator<readonly NodeCommand[]> {
  let batch: NodeCommand[] = [];
  let bytes = 0;
  for (const command of commands) {
    batch.push(command);
    bytes += commandBytes(command);
    if (batch.length < COMMANDS_AT_ONCE && bytes < BYTES_AT_ONCE) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}

/** Throws if any node, primary or replica, has other data than its seed. */
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
    `The data differ from the seed: ${summarize(differences)}. If a client writes at that moment, end it before.`,
  );
}

/** How the data of the nodes differ from their seed, a sentence each. */
export async function findSeedDifferences(
  plan: ClusterPlan,
  connections: readonly NodeConnection[],
  seed: SeedData,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const found = await Promise.all(
    connections.map(async (connection) => {
      const { shard } = plan.nodes[connection.node.index] as { readonly shard: ShardPlan["index"] };
      const data = seed.shards[shard] as SeedShard;
      return describe(connection.node.name, await compare(connection, data, signal));
    }),
  );
  return found.flat();
}

function describe(node: string, { extra, missing, changed, functions }: Difference): readonly string[] {
  const lines = (
    [
      [extra, "that are not in the seed"],
      [missing.filter((key) => !mayBeGone(key)).map(({ name }) => name), "of the seed missing"],
      [changed.map(({ name }) => name), "of the seed changed"],
    ] as const
  )
    .filter(([names]) => names.length > 0)
    .map(([names, what]) => `${node} has ${names.length} keys ${what} (${shownNames(names)})`);
  return functions ? [...lines, `${node} has other functions than the seed`] : lines;
}

function shownNames(names: readonly Buffer[]): string {
  const shown = names.slice(0, SHOWN_KEYS).map((name) => JSON.stringify(name.toString()));
  return names.length > SHOWN_KEYS ? `${shown.join(", ")}, …` : shown.join(", ");
}

async function compare(
  connection: NodeConnection,
  seed: SeedShard,
  signal: AbortSignal,
): Promise<Difference> {
  const extra: Buffer[] = [];
  const changed: SeedKey[] = [];
  const seen = new Set<string>();
  const read = await valueReader(
    connection,
    signal,
    (name) => !Buffer.isBuffer(seed.keys.get(name.toString("latin1"))?.value),
  );
  for await (const page of scan(connection, signal)) {
    const known: Buffer[] = [];
    for (const name of page) {
      const id = name.toString("latin1");
      if (seen.has(id)) continue;
      seen.add(id);
      (seed.keys.has(id) ? known : extra).push(name);
    }
    for await (const { name, value } of read(known)) {
      const id = name.toString("latin1");
      const key = seed.keys.get(id) as SeedKey;
      if (value === undefined) seen.delete(id);
      else if (isChanged(key, value)) changed.push(key);
    }
  }
  const missing = [...seed.keys].filter(([name]) => !seen.has(name)).map(([, key]) => key);
  const { libraries } = await readFunctions(connection, signal);
  return { extra, missing, changed, functions: libraries !== seed.libraries };
}

/** Returns whether a key differs from the seed by more than what has expired since. */
export function isChanged(key: SeedKey, now: PresentValue): boolean {
  const before = Buffer.isBuffer(key.value) ? undefined : key.value;
  const value =
    before === undefined || now.fields === undefined ? now.payload : withExpired(before, now.fields);
  if (digestOf(key.name, value, now.ttlMs !== undefined) !== key.digest) return true;
  if ((now.ttlMs ?? 0) > (key.ttlMs ?? 0)) return true;
  const ttls = new Map(before?.map(({ name, ttlMs = 0 }) => [name.toString("latin1"), ttlMs]));
  return now.fields?.some(({ name, ttlMs = 0 }) => ttlMs > (ttls.get(name.toString("latin1")) ?? 0)) ?? false;
}

/** The present fields of a hash, and those of the seed that may have expired. */
function withExpired(before: readonly HashField[], now: readonly HashField[]): readonly HashField[] {
  const names = new Set(now.map(({ name }) => name.toString("latin1")));
  const expired = before.filter(
    ({ name, ttlMs }) => ttlMs !== undefined && !names.has(name.toString("latin1")),
  );
  return [...now, ...expired];
}
