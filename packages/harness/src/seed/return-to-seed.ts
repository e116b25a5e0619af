import type { NodeCommand, NodeConnection } from "../clients/node-connection.ts";
import { RedisClusterError, summarize } from "../errors.ts";
import type { ClusterPlan, ShardPlan } from "../plan/cluster-plan.ts";
import { parseInfo } from "../view/parse-info.ts";
import { digestOf, type SeedData, type SeedKey, type SeedShard } from "./dataset.ts";
import { readFunctions, readValues, scan } from "./read-data.ts";

const KEYS_AT_ONCE = 500;
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
 * changed, or expire, whose time to live begins again.
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
  const { all, elsewhere } = await countKeys(connection);
  if (elsewhere || all > 2 * seed.keys.size + MANY_KEYS) await flush(connection);
  const found = await compare(connection, seed, signal);
  for (let from = 0; from < found.extra.length; from += KEYS_AT_ONCE) {
    signal.throwIfAborted();
    const names = found.extra.slice(from, from + KEYS_AT_ONCE);
    // One by one: they are in different slots.
    await send(
      connection,
      names.map((name) => ["UNLINK", name] as const),
    );
  }
  const differing = new Set([...found.missing, ...found.changed]);
  const restored = [...seed.keys.values()].filter((key) => key.ttlMs !== undefined || differing.has(key));
  for (const batch of batches(restored)) {
    signal.throwIfAborted();
    const commands = batch.map(
      // 0 stands for a key that does not expire.
      ({ name, payload, ttlMs = 0 }): NodeCommand => ["RESTORE", name, ttlMs, payload, "REPLACE"],
    );
    await send(connection, commands);
  }
  if (found.functions && seed.functions !== undefined) {
    await send(connection, [["FUNCTION", "RESTORE", seed.functions, "FLUSH"]]);
  }
}

async function send(connection: NodeConnection, commands: readonly NodeCommand[]): Promise<void> {
  const replies = await connection.bytes(commands);
  const failed = replies.findIndex((reply) => reply instanceof Error);
  if (failed === -1) return;
  const [command = ""] = commands[failed] ?? [];
  throw new Error(`${connection.node.name} replied to ${command}: ${(replies[failed] as Error).message}`);
}

/** Some keys at a time, so that a server answers in time. */
function* batches(keys: readonly SeedKey[]): Generator<readonly SeedKey[]> {
  let batch: SeedKey[] = [];
  let bytes = 0;
  for (const key of keys) {
    batch.push(key);
    bytes += key.payload.length;
    if (batch.length < KEYS_AT_ONCE && bytes < BYTES_AT_ONCE) continue;
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
      [missing.filter(({ ttlMs }) => ttlMs === undefined).map(({ name }) => name), "of the seed missing"],
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
  for await (const page of scan(connection, signal)) {
    const fresh = page.filter((name) => !seen.has(name.toString("latin1")));
    for (const name of fresh) seen.add(name.toString("latin1"));
    const known = fresh.flatMap((name) => seed.keys.get(name.toString("latin1")) ?? []);
    extra.push(...fresh.filter((name) => !seed.keys.has(name.toString("latin1"))));
    const values = await readValues(
      connection,
      known.map(({ name }) => name),
    );
    for (const [index, value] of values.entries()) {
      const key = known[index] as SeedKey;
      if (value === undefined) seen.delete(key.name.toString("latin1"));
      else if (isChanged(key, value)) changed.push(key);
    }
  }
  const missing = [...seed.keys].filter(([name]) => !seen.has(name)).map(([, key]) => key);
  const { libraries } = await readFunctions(connection);
  return { extra, missing, changed, functions: libraries !== seed.libraries };
}

function isChanged(
  key: SeedKey,
  now: { readonly payload: Buffer; readonly ttlMs: number | undefined },
): boolean {
  if (digestOf(key.name, now.payload, now.ttlMs !== undefined) !== key.digest) return true;
  return (now.ttlMs ?? 0) > (key.ttlMs ?? 0);
}

async function countKeys(
  connection: NodeConnection,
): Promise<{ readonly all: number; readonly elsewhere: boolean }> {
  const databases = [...parseInfo(await connection.text("INFO", "keyspace"))].filter(([name]) =>
    /^db\d+$/.test(name),
  );
  return {
    all: databases.reduce((sum, [, value]) => sum + Number(/^keys=(\d+)/.exec(value)?.[1]), 0),
    elsewhere: databases.some(([name]) => name !== "db0"),
  };
}
