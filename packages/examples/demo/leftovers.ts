import { getContainerRuntimeClient } from "testcontainers";
import type { StartedRedisCluster } from "testcontainers-redis-cluster";

// Queries the engine, not the library, for the containers, networks and volumes that still exist, and returns their names.

/** Returns what a cluster has left behind. */
export async function leftovers(cluster: StartedRedisCluster): Promise<readonly string[]> {
  return await listByLabel(`testcontainers-redis-cluster.cluster=${cluster.info.name}`);
}

/** Returns what processes have left behind that were started in a folder. */
export async function leftoversOfFolder(folder: string): Promise<readonly string[]> {
  return await listByLabel(`testcontainers-redis-cluster.owner.project=${folder}`);
}

async function listByLabel(label: string): Promise<readonly string[]> {
  const { dockerode } = (await getContainerRuntimeClient()).container;
  const filters = { label: [label] };
  const containers = await dockerode.listContainers({ all: true, filters });
  const networks = await dockerode.listNetworks({ filters });
  const { Volumes: volumes } = await dockerode.listVolumes({ filters });
  return [...containers.flatMap(({ Names }) => Names), ...[...networks, ...volumes].map(({ Name }) => Name)];
}
