import { ChildProgram } from "./child-program.ts";
import { CROWDED_NODE_TIMEOUT_MS } from "./crowded.ts";

/** A cluster of one of the processes, checked while all other clusters exist. */
interface ParallelCluster {
  readonly name: string;
  readonly subnet: string;
  readonly ports: readonly number[];
  readonly startMs: number;
  /** The problems that were found after all clusters had started. Empty if there are none. */
  readonly problems: readonly string[];
}

/** The result of clusters that exist at the same time. */
export interface ParallelOutcome {
  readonly clusters: readonly ParallelCluster[];
  /** Names, subnets and host ports that more than one cluster has. */
  readonly collisions: readonly string[];
  /** The error messages of starts that failed. */
  readonly failures: readonly string[];
}

/**
 * Returns the program of one process. It starts its clusters, two at a time, and keeps them until all processes have started
 * theirs. Then it checks that each of its clusters is healthy and has only its own keys.
 */
const programSource = (clusters: number): string => `
  const started = [];
  const failures = [];
  const pending = Array.from({ length: ${clusters} }, (_, index) => index);
  const startNext = async () => {
    while (pending.length > 0) {
      pending.pop();
      const startedAt = performance.now();
      try {
        const cluster = await startRedisCluster({ access: "published", nodes: 3, replicas: 0, nodeTimeoutMs: ${CROWDED_NODE_TIMEOUT_MS} });
        started.push({ cluster, startMs: performance.now() - startedAt });
      } catch (error) {
        failures.push(error.message);
      }
    }
  };
  await Promise.all([startNext(), startNext()]);
  const allStarted = new Promise((resolve) => process.once("SIGUSR2", resolve));
  const keepAlive = setInterval(() => {}, 1_000);
  console.log("started");
  await allStarted;
  clearInterval(keepAlive);
  const found = [];
  for (const { cluster, startMs } of started) {
    const { problems } = await cluster.check();
    const before = await cluster.client.get("owner");
    await cluster.client.set("owner", cluster.plan.name);
    found.push({
      name: cluster.plan.name,
      subnet: cluster.network.subnet,
      ports: cluster.nodes.map(({ mappedAddress }) => mappedAddress.port),
      startMs,
      problems: [...problems, ...(before === null ? [] : ["it has a key of the cluster " + before])],
    });
  }
  for (const { cluster } of started) await cluster.stop();
  console.log("found", JSON.stringify({ found, failures }));`;

/** Starts the given number of clusters in each of several processes, so that all of them exist at the same time. */
export async function runParallel(processes: number, clustersEach: number): Promise<ParallelOutcome> {
  await using stack = new AsyncDisposableStack();
  const programs = Array.from({ length: processes }, () =>
    stack.use(new ChildProgram(programSource(clustersEach))),
  );
  await Promise.all(programs.map((program) => program.waitForLine("started")));
  for (const program of programs) program.kill("SIGUSR2");
  const reports = await Promise.all(
    programs.map(async (program) => {
      const result = (await program.waitForReport("found")) as {
        found: ParallelCluster[];
        failures: string[];
      };
      await program.ended;
      return result;
    }),
  );
  const clusters = reports.flatMap(({ found }) => found);
  return {
    clusters,
    collisions: [
      ...findDuplicates(clusters.map(({ name }) => `the name ${name}`)),
      ...findDuplicates(clusters.map(({ subnet }) => `the subnet ${subnet}`)),
      ...findDuplicates(clusters.flatMap(({ ports }) => ports.map((port) => `the host port ${port}`))),
    ],
    failures: reports.flatMap(({ failures }) => failures),
  };
}

function findDuplicates(values: readonly string[]): readonly string[] {
  return [...Map.groupBy(values, (value) => value)]
    .filter(([, list]) => list.length > 1)
    .map(([value]) => value);
}
