import { setTimeout as sleep } from "node:timers/promises";
import type {
  ClusterWorkloadOptions,
  Ledger,
  RedisClusterNode,
  StartedRedisCluster,
  Workload,
} from "testcontainers-redis-cluster";

/** What a scenario receives: a cluster in the state of its start, and a random generator. */
export interface Setting {
  readonly cluster: StartedRedisCluster;
  readonly random: () => number;
}

/** The result of a scenario. */
export interface Outcome {
  /** A description of what was done. */
  readonly what: string;
  /** What is wrong with the verdict: faults that it does not report, and false alarms. */
  readonly wrong: readonly string[];
}

/** A kind of scenario. If `run` could not create the situation that it needs, it returns undefined and is repeated. */
export interface ScenarioKind {
  readonly name: string;
  /** The number of runs relative to the other kinds. */
  readonly weight: number;
  run(setting: Setting): Promise<Outcome | undefined>;
}

const WAIT_TIMEOUT_MS = 30_000;

/** Waits until a condition holds. Polls every `everyMs` milliseconds. */
export async function waitUntil(
  what: string,
  condition: () => boolean | Promise<boolean>,
  everyMs = 3,
): Promise<void> {
  const deadline = performance.now() + WAIT_TIMEOUT_MS;
  while (!(await condition())) {
    if (performance.now() > deadline)
      throw new Error(`Waiting until ${what}: not done after ${WAIT_TIMEOUT_MS} ms`);
    await sleep(everyMs);
  }
}

/** Waits until the given number of further writes is acknowledged. */
export async function moreWrites(workload: Workload, writes: number): Promise<void> {
  const goal = workload.progress.acknowledged + writes;
  await waitUntil(`${writes} more writes are acknowledged`, () => workload.progress.acknowledged >= goal);
}

/** Returns a random integer from `min` to `max`, both included. */
export function between(random: () => number, min: number, max: number): number {
  return min + Math.floor(random() * (max - min + 1));
}

/** Returns a random element. */
export function oneOf<T>(random: () => number, all: readonly T[]): T {
  const chosen = all[Math.floor(random() * all.length)];
  if (chosen === undefined) throw new Error("Expected an array with elements, got an empty array");
  return chosen;
}

/** Returns random workload options: different numbers of writers and keys, with or without reads and confirmation by the replica. */
export function workloadOptions(random: () => number): ClusterWorkloadOptions {
  const writers = between(random, 1, 6);
  return {
    writers,
    keys: between(random, Math.max(3, writers), 40),
    valueBytes: oneOf(random, [1, 32, 300]),
    reads: oneOf(random, [0, 0, 0.3]),
    wait: oneOf(random, [0, 0, 1]),
    commandTimeoutMs: 1_000,
    seed: Math.floor(random() * 2 ** 32),
  };
}

/**
 * Stops the writers without the read-back. A `stop()` that is aborted directly after its call ends the writers, and the next
 * `stop()` reads back and returns the ledger. Between the two calls a test can change the data of the finished run.
 */
export async function endWriters(workload: Workload): Promise<void> {
  const controller = new AbortController();
  const stopping = workload.stop({ signal: controller.signal }).catch(() => {});
  controller.abort();
  await stopping;
  let before = -1;
  let unchangedPolls = 0;
  await waitUntil("the writers have ended", () => {
    const { attempts } = workload.progress;
    unchangedPolls = attempts === before ? unchangedPolls + 1 : 0;
    before = attempts;
    return unchangedPolls > 5;
  });
}

/** Returns every key of one kind of the workload, with the node that owns it. */
export async function keysOf(
  cluster: StartedRedisCluster,
  prefix: string,
  kind: string,
): Promise<readonly { readonly key: string; readonly node: RedisClusterNode }[]> {
  const nodes = await cluster.primaries();
  const found = await Promise.all(
    nodes.map(async (node) => (await node.client.keys(`${prefix}${kind}:*`)).map((key) => ({ key, node }))),
  );
  // Servers do not list keys in a fixed order.
  return found.flat().toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

/** Returns the findings of a ledger as texts, each with its kind, key and value. */
function findingsOf(ledger: Ledger): readonly string[] {
  const { lost, duplicated, stale, unacknowledgedPresent } = ledger;
  return [
    ...lost.map(({ kind, key, value }) => `lost ${kind} ${key} ${value}`),
    ...duplicated.map(({ kind, key, value, surplus }) => `duplicated ${kind} ${key} ${value} by ${surplus}`),
    ...stale.map(({ kind, key, value, found }) => `stale ${kind} ${key} ${value} found ${found}`),
    ...unacknowledgedPresent
      .filter(({ outcome }) => outcome !== "unknown")
      .map(({ outcome, kind, key, value }) => `${outcome} ${kind} ${key} ${value}`),
  ].toSorted();
}

/** Compares the findings of a ledger with the expected findings. */
export function compare(ledger: Ledger, expected: readonly string[]): readonly string[] {
  const found = findingsOf(ledger);
  const missed = subtract(expected, found).map((finding) => `not reported: ${finding}`);
  const surplus = subtract(found, expected).map((finding) => `false alarm: ${finding}`);
  return [...missed, ...surplus, ...findWrongSums(ledger)];
}

/** Returns the sums in a ledger that are wrong. */
export function findWrongSums(ledger: Ledger): readonly string[] {
  const wrong: string[] = [];
  const { attempts, acknowledged, failed, unknown, shards } = ledger;
  if (attempts !== acknowledged + failed + unknown) wrong.push("the outcomes do not add up to the attempts");
  if (shards.reduce((sum, shard) => sum + shard.acknowledged, 0) !== acknowledged)
    wrong.push("the shards do not add up to the acknowledged writes");
  for (const { shard, acknowledged: own, acknowledgedBy } of shards) {
    if (Object.values(acknowledgedBy).reduce((sum, count) => sum + count, 0) !== own)
      wrong.push(`the nodes do not add up to the acknowledged writes of shard ${shard}`);
  }
  return wrong;
}

/** Returns the elements of the first list without those of the second list. Repeated elements are counted. */
function subtract(all: readonly string[], others: readonly string[]): readonly string[] {
  const remaining = new Map<string, number>();
  for (const element of others) remaining.set(element, (remaining.get(element) ?? 0) + 1);
  return all.filter((element) => {
    const count = remaining.get(element) ?? 0;
    remaining.set(element, count - 1);
    return count <= 0;
  });
}
