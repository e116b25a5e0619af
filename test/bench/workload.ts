import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type StartedRedisCluster, startRedisCluster } from "testcontainers-redis-cluster";
import { writeScenarios } from "../support/write-scenarios.ts";
import type { BenchOptions } from "./run.ts";
import { median, rounded, spread } from "./statistics.ts";

/** Numbers of writers. With 8 writers the round trips are the bottleneck, with 64 the processors are. */
const WRITER_COUNTS: readonly number[] = [8, 64];
const KEYS = 256;
const VALUE_BYTES = 32;
const ROUND_MS = 2_500;

/** Compares the recorded workload with a bare ioredis loop that sends the same commands, alternately on one cluster. */
export async function benchWorkload({ rounds = 5, json }: BenchOptions): Promise<void> {
  await using cluster = await startRedisCluster();
  const scenarios = [];
  for (const writers of WRITER_COUNTS) scenarios.push(await compare(cluster, writers, rounds));
  await writeScenarios(json, scenarios);
}

async function compare(
  cluster: StartedRedisCluster,
  writers: number,
  rounds: number,
): Promise<{ readonly name: string } & Readonly<Record<string, number | string>>> {
  const bare: number[] = [];
  const recorded: number[] = [];
  const ratios: number[] = [];
  const bytes: number[] = [];
  // The first rounds of both warm up the compiler and the server.
  await bareRound(cluster, writers, "warm-up");
  await recordedRound(cluster, writers);
  for (let round = 0; round < rounds; round += 1) {
    process.stderr.write(`\rworkload: ${writers} writers, round ${round + 1} of ${rounds}  `);
    // The recorded round is between two bare rounds, so that other load on the machine affects both.
    const first = await bareRound(cluster, writers, `${round}-first`);
    const { operationsPerSecond, bytesPerOperation } = await recordedRound(cluster, writers);
    const second = await bareRound(cluster, writers, `${round}-second`);
    bare.push(first, second);
    recorded.push(operationsPerSecond);
    ratios.push((2 * operationsPerSecond) / (first + second));
    bytes.push(bytesPerOperation);
  }
  process.stderr.write("\r\u001b[K");
  const ratio = rounded(median(ratios));
  const bytesPerOperation = rounded(median(bytes), 1);
  const all = ratios.map((value) => rounded(value)).join(" ");
  console.log(`${writers} writers: bare ${spread(bare)}/s   recorded ${spread(recorded)}/s: median (range)`);
  console.log(`   ratio per round ${ratio} (${all})   ${bytesPerOperation} bytes per operation`);
  return {
    name: `${writers} writers`,
    writers,
    rounds,
    bareOpsPerSecond: Math.round(median(bare)),
    recordedOpsPerSecond: Math.round(median(recorded)),
    ratio,
    bytesPerOperation,
  };
}

/** Returns the operations per second of a loop that records nothing. */
async function bareRound(cluster: StartedRedisCluster, writers: number, name: string): Promise<number> {
  const client = await cluster.connect();
  const startedAt = performance.now();
  let operations = 0;
  const writer = async (index: number): Promise<void> => {
    for (let turn = 1; performance.now() - startedAt < ROUND_MS; turn += 1) {
      const token = `w${index}-${turn}`;
      const value = token.padEnd(VALUE_BYTES, ".");
      // The key is random as in a workload. Otherwise, synchronized writers would send their commands to the same node at once.
      const tag = `{${Math.floor((Math.random() * KEYS) / writers) * writers + index}}`;
      const kind = Math.floor(Math.random() * 5);
      if (kind === 0) await client.set(`bare:${name}:set:${tag}:${token}`, value);
      else if (kind === 1) await client.rpush(`bare:${name}:append:${tag}`, value);
      else if (kind === 2) await client.incr(`bare:${name}:counter:${tag}`);
      else if (kind === 3) await client.sadd(`bare:${name}:member:${tag}`, value);
      else await client.set(`bare:${name}:register:${tag}`, value);
      operations += 1;
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, index) => writer(index)));
  const seconds = (performance.now() - startedAt) / 1000;
  client.disconnect();
  return operations / seconds;
}

/** The result of a round of the recorded workload. */
interface RecordedRound {
  readonly operationsPerSecond: number;
  readonly bytesPerOperation: number;
}

async function recordedRound(cluster: StartedRedisCluster, writers: number): Promise<RecordedRound> {
  const memoryBefore = usedBytes();
  const workload = await cluster.startWorkload({
    writers,
    keys: KEYS,
    valueBytes: VALUE_BYTES,
  });
  const startedAt = performance.now();
  const before = workload.progress.attempts;
  await sleep(ROUND_MS);
  const operationsPerSecond =
    (workload.progress.attempts - before) / ((performance.now() - startedAt) / 1000);
  const held = usedBytes() - memoryBefore;
  const bytesPerOperation = held / workload.progress.attempts;
  const { lost, duplicated, stale } = await workload.stop();
  const findings = lost.length + duplicated.length + stale.length;
  if (findings > 0)
    throw new Error(`The ledger has ${findings} findings although the cluster was not disturbed`);
  return { operationsPerSecond, bytesPerOperation };
}

/** Returns the memory that is in use after a garbage collection, on the heap and in buffers. */
function usedBytes(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
