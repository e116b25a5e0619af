import { writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type StartedRedisCluster, startRedisCluster } from "testcontainers-redis-cluster";
import type { BenchOptions } from "./run.ts";
import { median, percentile, rounded, spread } from "./statistics.ts";

const WRITERS = 8;
const KEYS = 256;
const VALUE_BYTES = 32;
const ROUND_MS = 3_000;

/** The recorded workload beside a bare ioredis loop that sends the same commands, in turns on one cluster. */
export async function benchWorkload({ rounds = 5, json }: BenchOptions): Promise<void> {
  const bare: number[] = [];
  const recorded: number[] = [];
  const bytes: number[] = [];
  await using cluster = await startRedisCluster();
  // The first rounds of both warm up the compiler and the server.
  await bareRound(cluster, "warm-up");
  await recordedRound(cluster);
  for (let round = 0; round < rounds; round += 1) {
    process.stderr.write(`\rworkload: round ${round + 1} of ${rounds}  `);
    bare.push(await bareRound(cluster, String(round)));
    const { operationsPerSecond, bytesPerOperation } = await recordedRound(cluster);
    recorded.push(operationsPerSecond);
    bytes.push(bytesPerOperation);
  }
  process.stderr.write("\r\u001b[K");
  const result = {
    rounds,
    bareOpsPerSecond: Math.round(median(bare)),
    recordedOpsPerSecond: Math.round(median(recorded)),
    ratio: rounded(median(recorded) / median(bare)),
    bytesPerOperation: rounded(percentile(bytes, 0.5), 1),
  };
  console.log(`bare ${spread(bare)}/s   recorded ${spread(recorded)}/s: median (range)`);
  console.log(`ratio ${result.ratio}   ${result.bytesPerOperation} bytes per operation`);
  if (json !== undefined) await writeFile(json, `${JSON.stringify(result, undefined, 2)}\n`);
}

/** Operations a second of a loop that keeps nothing. */
async function bareRound(cluster: StartedRedisCluster, name: string): Promise<number> {
  const client = await cluster.connect();
  const begun = performance.now();
  let operations = 0;
  const writer = async (index: number): Promise<void> => {
    for (let turn = 1; performance.now() - begun < ROUND_MS; turn += 1) {
      const token = `w${index}-${turn}`;
      const value = token.padEnd(VALUE_BYTES, ".");
      // A key has one writer here too; what matters is that all five commands go to all shards.
      const tag = `{${((turn * WRITERS) % KEYS) + index}}`;
      const kind = turn % 5;
      if (kind === 0) await client.set(`bare:${name}:set:${tag}:${token}`, value);
      else if (kind === 1) await client.rpush(`bare:${name}:append:${tag}`, value);
      else if (kind === 2) await client.incr(`bare:${name}:counter:${tag}`);
      else if (kind === 3) await client.sadd(`bare:${name}:member:${tag}`, value);
      else await client.set(`bare:${name}:register:${tag}`, value);
      operations += 1;
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, (_, index) => writer(index)));
  const seconds = (performance.now() - begun) / 1000;
  client.disconnect();
  return operations / seconds;
}

interface RecordedRound {
  readonly operationsPerSecond: number;
  readonly bytesPerOperation: number;
}

async function recordedRound(cluster: StartedRedisCluster): Promise<RecordedRound> {
  const memoryBefore = usedBytes();
  const workload = await cluster.startWorkload({
    writers: WRITERS,
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
