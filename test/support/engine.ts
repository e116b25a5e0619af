import { buffer } from "node:stream/consumers";
import { getContainerRuntimeClient } from "testcontainers";

const CLUSTER_LABEL = "testcontainers-redis-cluster.cluster";

/**
 * Twice in about twenty runs of all tests, a file that had just been saved was read as empty, both in this way and in another way.
 * The cause is not known. The warning shows which part was missing.
 */
const ARCHIVE_TIMEOUT_MS = 5_000;

type Docker = Awaited<ReturnType<typeof getContainerRuntimeClient>>["container"]["dockerode"];

/** Returns a client of the engine, with which tests inspect what the library created. */
export async function docker(): Promise<Docker> {
  return (await getContainerRuntimeClient()).container.dockerode;
}

/**
 * Returns the names of all containers (running or stopped), networks and volumes that clusters have created and not removed.
 *
 * @param cluster the name of a cluster, to which the result is limited.
 */
export async function leftovers(cluster?: string): Promise<readonly string[]> {
  return await listByLabel(cluster === undefined ? CLUSTER_LABEL : `${CLUSTER_LABEL}=${cluster}`);
}

/** Returns the same names for everything that a process of this machine has created. */
export async function leftoversOfProcess(pid: number): Promise<readonly string[]> {
  return await listByLabel(`testcontainers-redis-cluster.owner.pid=${pid}`);
}

async function listByLabel(label: string): Promise<readonly string[]> {
  const engine = await docker();
  const filters = { label: [label] };
  const [containers, networks, { Volumes: volumes }] = await Promise.all([
    engine.listContainers({ all: true, filters }),
    engine.listNetworks({ filters }),
    engine.listVolumes({ filters }),
  ]);
  return [
    ...containers.flatMap(({ Names }) => Names.map((name) => name.replace(/^\//, ""))),
    ...networks.map(({ Name }) => Name),
    ...volumes.map(({ Name }) => Name),
  ];
}

/** Runs a command in a container. Returns its exit code and everything that it printed. */
export async function exec(
  containerId: string,
  command: string[],
): Promise<{ readonly exitCode: number; readonly output: string }> {
  const client = await getContainerRuntimeClient();
  const { exitCode, output } = await client.container.exec(client.container.getById(containerId), command);
  return { exitCode, output };
}

/** Returns the content of a file in a container. The engine packs the file into an archive, whose first block contains its size. */
export async function readContainerFile(containerId: string, path: string): Promise<Buffer> {
  const container = (await docker()).getContainer(containerId);
  const startedAt = performance.now();
  for (;;) {
    const archive = await buffer(await container.getArchive({ path }));
    const size = Number.parseInt(archive.toString("latin1", 124, 136), 8);
    const content = archive.subarray(512, 512 + size);
    if (size > 0 && content.length === size) return content;
    const problem = `${path} in an archive of ${archive.length} bytes: expected ${size} bytes, got ${content.length}`;
    if (performance.now() - startedAt > ARCHIVE_TIMEOUT_MS) throw new Error(problem);
    console.warn(problem);
  }
}

/** Returns the server image that clusters use in this test run, for containers that a test creates itself. */
export function serverImage(): string {
  return process.env["TESTCONTAINERS_REDIS_CLUSTER_IMAGE"] || "redis:8.0";
}
