import { isRemoved, toResources } from "../cleanup/engine-http.ts";
import type { CleanupEngine, LabelledResource } from "../cleanup/labelled-resources.ts";
import { type Engine, findClient, statusOf } from "./engine.ts";

type Docker = Engine["docker"];

/**
 * Connects to the engine that Testcontainers finds. Does not start the reaper of Testcontainers. A watcher that cannot reach the
 * engine through {@link EngineHttp} imports this module in its own process and calls this function by its name.
 *
 * @throws RedisClusterError NO_DOCKER if no engine answers.
 */
export async function openCleanupEngine(): Promise<CleanupEngine> {
  return createCleanupEngine((await findClient()).container.dockerode);
}

/** Creates the same for an engine that is already connected. */
export function createCleanupEngine(docker: Docker): CleanupEngine {
  return { list: (labels) => list(docker, labels), remove: (resource) => remove(docker, resource) };
}

async function list(docker: Docker, label: readonly string[]): Promise<readonly LabelledResource[]> {
  const filters = { label: [...label] };
  const [containers, networks, { Volumes: volumes }] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listNetworks({ filters }),
    docker.listVolumes({ filters }),
  ]);
  return toResources(containers, networks, volumes);
}

async function remove(docker: Docker, { kind, id }: LabelledResource): Promise<void> {
  try {
    switch (kind) {
      case "container":
        await docker.getContainer(id).remove({ force: true, v: true });
        break;
      case "network":
        await docker.getNetwork(id).remove();
        break;
      case "volume":
        await docker.getVolume(id).remove();
        break;
    }
  } catch (error) {
    if (!isRemoved(kind, statusOf(error))) throw error;
  }
}
