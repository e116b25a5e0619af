import { getContainerRuntimeClient } from "testcontainers";
import type { StartedRedisCluster } from "testcontainers-redis-cluster";

const LABEL = "testcontainers-redis-cluster.cluster";

/**
 * Returns the names of the containers, networks and volumes of a cluster, or of all clusters, that still exist. Queries the engine,
 * not the library.
 */
export async function leftovers(cluster?: StartedRedisCluster): Promise<readonly string[]> {
  const { dockerode } = (await getContainerRuntimeClient()).container;
  const filters = { label: [cluster === undefined ? LABEL : `${LABEL}=${cluster.info.name}`] };
  const containers = await dockerode.listContainers({ all: true, filters });
  const networks = await dockerode.listNetworks({ filters });
  const { Volumes: volumes } = await dockerode.listVolumes({ filters });
  return [...containers.flatMap(({ Names }) => Names), ...[...networks, ...volumes].map(({ Name }) => Name)];
}
