import { asResources, isGone } from "../cleanup/engine-http.ts";
import type { LabelledResource, LabelledResources } from "../cleanup/labelled-resources.ts";
import { type Engine, findClient, statusOf } from "./engine.ts";

type Docker = Engine["docker"];

/**
 * The engine that Testcontainers finds, as far as cleaning up needs it. Starts no reaper. A watcher that cannot reach
 * the engine by itself calls it by this name, in its own process.
 *
 * @throws RedisClusterError NO_DOCKER
 */
export async function openLabelledResources(): Promise<LabelledResources> {
  return labelledResources((await findClient()).container.dockerode);
}

/** The same of an engine that was found already. */
export function labelledResources(docker: Docker): LabelledResources {
  return { list: (labels) => list(docker, labels), remove: (resource) => remove(docker, resource) };
}

async function list(docker: Docker, label: readonly string[]): Promise<readonly LabelledResource[]> {
  const filters = { label: [...label] };
  const [containers, networks, { Volumes: volumes }] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listNetworks({ filters }),
    docker.listVolumes({ filters }),
  ]);
  return asResources(containers, networks, volumes);
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
    if (!isGone(kind, statusOf(error))) throw error;
  }
}
