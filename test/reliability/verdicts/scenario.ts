import { setTimeout as sleep } from "node:timers/promises";
import type {
  ClusterWorkloadOptions,
  Ledger,
  RedisClusterNode,
  StartedRedisCluster,
  Workload,
} from "testcontainers-redis-cluster";

/** What a scenario has: a cluster as it was at its start, and chance of its own. */
export interface Setting {
  readonly cluster: StartedRedisCluster;
  readonly random: () => number;
}

/** What became of a scenario. */
export interface Outcome {
  /** What was done, so that a failure can be understood. */
  readonly what: string;
  /** What is wrong with the verdict: a fault that it does not report, or a finding that no fault explains. */
  readonly wrong: readonly string[];
}

/** A kind of scenario. `run` returns undefined if what it wanted to do did not come about; it is then run again. */
export interface ScenarioKind {
  readonly name: string;
  /** How often it is run, relative to the others. */
  readonly weight: number;
  run(setting: Setting): Promise<Outcome | undefined>;
}

const PATIENCE_MS = 30_000;

/** Waits until a condition holds. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  everyMs = 3,
): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`${what}: not so after ${PATIENCE_MS} ms`);
    await sleep(everyMs);
  }
}

/** Waits for the given number of further acknowledged writes. */
export async function moreWrites(workload: Workload, writes: number): Promise<void> {
  const goal = workload.progress.acknowledged + writes;
  await until(`${writes} more acknowledged writes`, () => workload.progress.acknowledged >= goal);
}

/** An integer from `least` to `most`, both included. */
export function between(random: () => number, least: number, most: number): number {
  return least + Math.floor(random() * (most - least + 1));
}

/** One of several, by chance. */
export function oneOf<T>(random: () => number, all: readonly T[]): T {
  const chosen = all[Math.floor(random() * all.length)];
  if (chosen === undefined) throw new Error("there is nothing to choose from");
  return chosen;
}

/** Options by chance: many writers or one, few keys or some, with reads or without, confirmed by the replica or not. */
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
 * Stops the writers without reading back: a `stop()` that is aborted once it has begun ends them, and the next one reads and judges.
 * What is done between the two happens to a finished run.
 */
export async function endWriters(workload: Workload): Promise<void> {
  const controller = new AbortController();
  const stopping = workload.stop({ signal: controller.signal }).catch(() => {});
  controller.abort();
  await stopping;
  let before = -1;
  let unchanged = 0;
  await until("the writers have ended", () => {
    const { attempts } = workload.progress;
    unchanged = attempts === before ? unchanged + 1 : 0;
    before = attempts;
    return unchanged > 5;
  });
}

/** Every key of the workload of one kind, with the node that serves it. */
export async function keysOf(
  cluster: StartedRedisCluster,
  prefix: string,
  kind: string,
): Promise<readonly { readonly key: string; readonly node: RedisClusterNode }[]> {
  const nodes = await cluster.primaries();
  const found = await Promise.all(
    nodes.map(async (node) => (await node.client.keys(`${prefix}${kind}:*`)).map((key) => ({ key, node }))),
  );
  // The order that a server lists keys in is not the same in every run.
  return found.flat().toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

/** The findings of a ledger, one text each: what happened, kind, key and value. */
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

/** Compares what a ledger reports with what was done. */
export function compare(ledger: Ledger, expected: readonly string[]): readonly string[] {
  const found = findingsOf(ledger);
  const missed = withoutEach(expected, found).map((each) => `not reported: ${each}`);
  const surplus = withoutEach(found, expected).map((each) => `false alarm: ${each}`);
  return [...missed, ...surplus, ...miscounted(ledger)];
}

/** Whether a ledger adds up, whatever happened. */
export function miscounted(ledger: Ledger): readonly string[] {
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

/** What is in the first list and not in the second, each as often as it is there too often. */
function withoutEach(all: readonly string[], others: readonly string[]): readonly string[] {
  const left = new Map<string, number>();
  for (const each of others) left.set(each, (left.get(each) ?? 0) + 1);
  return all.filter((each) => {
    const count = left.get(each) ?? 0;
    left.set(each, count - 1);
    return count <= 0;
  });
}
