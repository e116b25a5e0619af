import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type StartedRedisCluster, startRedisCluster } from "testcontainers-redis-cluster";
import { writeScenarios } from "../support/write-scenarios.ts";
import type { BenchOptions } from "./run.ts";
import { median, rounded, spread } from "./statistics.ts";

/** A few are held up by their round trips, as many as share a client by the processors. */
const SIZES: readonly number[] = [8, 64];
const KEYS = 256;
const VALUE_BYTES = 32;
const ROUND_MS = 2_500;

/** The recorded workload beside a bare ioredis loop that sends the same commands, in turns on one cluster. */
export async function benchWorkload({ rounds = 5, json }: BenchOptions): Promise<void> {
  await using cluster = await startRedisCluster();
  const scenarios = [];
  for (const writers of SIZES) scenarios.push(await compare(cluster, writers, rounds));
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
    // One between two of the other: what the machine does meanwhile is shared by both.
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
  const all = ratios.map((each) => rounded(each)).join(" ");
  console.log(`${writers} writers: bare ${spread(bare)}/s   recorded ${spread(recorded)}/s: median (range)`);
  console.log(`   ratio of a round ${ratio} (${all})   ${bytesPerOperation} bytes an operation`);
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

/** Operations a second of a loop that keeps nothing. */
async function bareRound(cluster: StartedRedisCluster, writers: number, name: string): Promise<number> {
  const client = await cluster.connect();
  const begun = performance.now();
  let operations = 0;
  const writer = async (index: number): Promise<void> => {
    for (let turn = 1; performance.now() - begun < ROUND_MS; turn += 1) {
      const token = `w${index}-${turn}`;
      const value = token.padEnd(VALUE_BYTES, ".");
      // Chance as in a workload: writers that keep step with each other fill a node's packets by turns.
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
  const seconds = (performance.now() - begun) / 1000;
  client.disconnect();
  return operations / seconds;
}

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
  const begun = performance.now();
  const before = workload.progress.attempts;
  await sleep(ROUND_MS);
  const operationsPerSecond = (workload.progress.attempts - before) / ((performance.now() - begun) / 1000);
  const held = usedBytes() - memoryBefore;
  const bytesPerOperation = held / workload.progress.attempts;
  const { lost, duplicated, stale } = await workload.stop();
  const findings = lost.length + duplicated.length + stale.length;
  if (findings > 0) throw new Error(`a cluster that nobody broke has ${findings} findings`);
  return { operationsPerSecond, bytesPerOperation };
}

/** What is in use after a garbage collection, on the heap and in buffers. */
function usedBytes(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
