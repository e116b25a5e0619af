import { setTimeout as sleep } from "node:timers/promises";
import type { StartedRedisCluster } from "testcontainers-redis-cluster";
import type { Writers } from "./clients.ts";
import type { Breakage } from "./breakages.ts";
import { CALM_MS, isCalm, lastInterruptionEnd } from "./interruptions.ts";

/** Writers of each shard. */
export const WRITERS_PER_SHARD = 2;
/** Each writer starts a write this long after the last one started, or as soon as the last one has ended. */
const WRITE_EVERY_MS = 50;
/** How long a client may take once the servers accept writes again. */
const PATIENCE_MS = 30_000;
/** How long writes that are under way at the end may take. */
const LAST_WRITE_MS = 10_000;

/** How a client has survived a breakage. */
export interface Survival {
  /** From the breakage to the first write that the servers acknowledged to the library's own probes, in milliseconds. */
  readonly serversMs: number;
  /**
   * From the breakage to the end of the last interruption of the writers of the broken shards, in milliseconds: 0 without an
   * interruption, undefined if it did not end within {@link PATIENCE_MS}.
   */
  readonly recoveredMs: number | undefined;
  readonly acknowledged: number;
  /** How many writes have rejected, by their errors without numbers and addresses. */
  readonly errors: Readonly<Record<string, number>>;
  /** Acknowledged writes whose value is missing at the end. */
  readonly lost: number;
  /** The longest write, in milliseconds, including one that was still under way at the end. */
  readonly longestMs: number;
}

/** Writes in the same way with each client, breaks the cluster, and measures when the client has recovered. */
export async function measureSurvival(
  cluster: StartedRedisCluster,
  tags: readonly string[],
  breakage: Breakage,
  writers: Writers,
): Promise<Survival> {
  const runs = tags.flatMap((tag, shard) =>
    Array.from(
      { length: WRITERS_PER_SHARD },
      (_, index) => new Writer(writers, shard * WRITERS_PER_SHARD + index, tag, shard),
    ),
  );
  try {
    if (!(await isMetWithin(PATIENCE_MS, () => runs.every((run) => run.acknowledgedAt.length >= 5))))
      throw new Error("timeout: the first writes");
    const brokenAt = performance.now();
    const broken = await breakage.apply(cluster, tags[0] ?? "", writers);
    const serversMs = broken.acceptsWritesAtMs - brokenAt;
    const affected = runs.filter(({ shard }) => breakage.affectsAll || shard === 0);
    const hasRecovered = await isMetWithin(PATIENCE_MS + CALM_MS, () =>
      affected.every((run) => isCalm(run.acknowledgedAt, performance.now())),
    );
    const recoveredMs = hasRecovered
      ? Math.max(...affected.map((run) => lastInterruptionEnd(run.acknowledgedAt, brokenAt) - brokenAt), 0)
      : undefined;
    await broken.heal();
    await cluster.waitUntilHealthy();
    for (const run of runs) run.stop();
    await Promise.race([Promise.all(runs.map(({ ended }) => ended)), sleep(LAST_WRITE_MS)]);
    return {
      serversMs,
      recoveredMs,
      acknowledged: runs.reduce((sum, { values }) => sum + values.size, 0),
      errors: countErrors(runs.flatMap(({ errors }) => errors)),
      lost: await countLost(cluster, runs),
      longestMs: Math.max(...runs.map((run) => run.longestMs())),
    };
  } finally {
    for (const run of runs) run.stop();
  }
}

/** Writes new keys, one after the other, until it is stopped. */
class Writer {
  readonly shard: number;
  /** The acknowledged values by their keys. */
  readonly values = new Map<string, string>();
  readonly acknowledgedAt: number[] = [];
  readonly errors: string[] = [];
  readonly ended: Promise<void>;
  #longestMs = 0;
  #startedAt: number | undefined;
  #stopped = false;

  constructor(writers: Writers, index: number, tag: string, shard: number) {
    this.shard = shard;
    this.ended = this.#run(writers, index, tag);
  }

  async #run(writers: Writers, index: number, tag: string): Promise<void> {
    for (let count = 0; !this.#stopped; count += 1) {
      const [key, value] = [`client:{${tag}}:${index}:${count}`, `value-${count}`];
      const startedAt = performance.now();
      this.#startedAt = startedAt;
      try {
        await writers.write(index, key, value);
        // An acknowledgement that arrives after the end was not waited for.
        if (this.#stopped) return;
        this.values.set(key, value);
        this.acknowledgedAt.push(performance.now());
      } catch (error) {
        this.errors.push(describeError(error));
      }
      this.#startedAt = undefined;
      const tookMs = performance.now() - startedAt;
      this.#longestMs = Math.max(this.#longestMs, tookMs);
      await sleep(Math.max(0, WRITE_EVERY_MS - tookMs));
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  longestMs(): number {
    const underWayMs = this.#startedAt === undefined ? 0 : performance.now() - this.#startedAt;
    return Math.max(this.#longestMs, underWayMs);
  }
}

/** Waits for a condition. Returns whether it was met in time. */
async function isMetWithin(withinMs: number, condition: () => boolean): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (!condition()) {
    if (performance.now() > deadline) return false;
    await sleep(20);
  }
  return true;
}

/** Returns an error as text without what differs from run to run: addresses, names of nodes, slots and numbers. */
function describeError(error: unknown): string {
  return String(error)
    .replace(/^(?:Error|Exception): /, "")
    .replaceAll(/\b\d+\.\d+\.\d+\.\d+(?::\d+)?/g, "ADDRESS")
    .replaceAll(/\d+/g, "N")
    .slice(0, 120);
}

function countErrors(errors: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const error of errors) counts[error] = (counts[error] ?? 0) + 1;
  return counts;
}

/** Reads all acknowledged writes from the primaries. */
async function countLost(cluster: StartedRedisCluster, runs: readonly Writer[]): Promise<number> {
  const entries = runs.flatMap(({ values }) => [...values]);
  const found = await Promise.all(entries.map(([key]) => cluster.client.get(key)));
  return entries.filter(([, value], index) => found[index] !== value).length;
}
