import { CROWDED_NODE_TIMEOUT_MS } from "./crowded.ts";
import { Victim } from "./victim.ts";

/** One cluster of one process, while all others lived as well. */
interface ParallelCluster {
  readonly name: string;
  readonly subnet: string;
  readonly ports: readonly number[];
  readonly startMs: number;
  /** What was wrong with it when all had started; empty where nothing was. */
  readonly problems: readonly string[];
}

/** What became of clusters that lived at the same time. */
export interface ParallelOutcome {
  readonly clusters: readonly ParallelCluster[];
  /** Names, subnets and host ports that two of them had. */
  readonly collisions: readonly string[];
  /** Starts that failed, in their own words. */
  readonly failures: readonly string[];
}

/**
 * Each process starts its clusters, two at a time, and keeps them until all processes have theirs. Then everyone looks
 * whether each is healthy and has only its own keys.
 */
const body = (clusters: number): string => `
  const started = [];
  const failures = [];
  const names = Array.from({ length: ${clusters} }, (_, index) => index);
  const startNext = async () => {
    while (names.length > 0) {
      names.pop();
      const begun = performance.now();
      try {
        const cluster = await startRedisCluster({ nodes: 3, replicas: 0, nodeTimeoutMs: ${CROWDED_NODE_TIMEOUT_MS} });
        started.push({ cluster, startMs: performance.now() - begun });
      } catch (error) {
        failures.push(error.message);
      }
    }
  };
  await Promise.all([startNext(), startNext()]);
  const all = new Promise((resolve) => process.once("SIGUSR2", resolve));
  const alive = setInterval(() => {}, 1_000);
  console.log("started");
  await all;
  clearInterval(alive);
  const found = [];
  for (const { cluster, startMs } of started) {
    const { problems } = await cluster.check();
    const before = await cluster.client.get("whose");
    await cluster.client.set("whose", cluster.plan.name);
    found.push({
      name: cluster.plan.name,
      subnet: cluster.network.subnet,
      ports: cluster.nodes.map(({ mappedAddress }) => mappedAddress.port),
      startMs,
      problems: [...problems, ...(before === null ? [] : ["it has a key of " + before])],
    });
  }
  for (const { cluster } of started) await cluster.stop();
  console.log("found", JSON.stringify({ found, failures }));`;

export async function runParallel(processes: number, clustersEach: number): Promise<ParallelOutcome> {
  await using stack = new AsyncDisposableStack();
  const victims = Array.from({ length: processes }, () => stack.use(new Victim(body(clustersEach))));
  await Promise.all(victims.map((victim) => victim.says("started")));
  for (const victim of victims) victim.kill("SIGUSR2");
  const told = await Promise.all(
    victims.map(async (victim) => {
      const result = (await victim.tells("found")) as { found: ParallelCluster[]; failures: string[] };
      await victim.ended;
      return result;
    }),
  );
  const clusters = told.flatMap(({ found }) => found);
  return {
    clusters,
    collisions: [
      ...twice(clusters.map(({ name }) => `the name ${name}`)),
      ...twice(clusters.map(({ subnet }) => `the subnet ${subnet}`)),
      ...twice(clusters.flatMap(({ ports }) => ports.map((port) => `the host port ${port}`))),
    ],
    failures: told.flatMap(({ failures }) => failures),
  };
}

function twice(values: readonly string[]): readonly string[] {
  return [...Map.groupBy(values, (value) => value)]
    .filter(([, list]) => list.length > 1)
    .map(([value]) => value);
}
