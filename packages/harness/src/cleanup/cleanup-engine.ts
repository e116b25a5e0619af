import Dockerode from "dockerode";
import { shareConnections } from "../ssh/share-connections.ts";
import type { CleanupEngine, LabelledResource } from "./labelled-resources.ts";
import { isPodmanBefore5, removalsAtOnce } from "./engine-version.ts";
import { type ListedNetwork, listNetworks, type NetworkReader } from "./read-networks.ts";
import type { EngineReference } from "./watcher-protocol.ts";

/** A response that takes longer counts as none. Removing a container takes a busy engine some seconds. */
const RESPONSE_TIMEOUT_MS = 20_000;

/** The part of dockerode that the cleanup uses. */
type Docker = NetworkReader &
  Pick<Dockerode, "info" | "listContainers" | "listVolumes" | "getContainer" | "getVolume">;

/** Connects to an engine. */
export function openCleanupEngine(engine: EngineReference): CleanupEngine {
  const docker = new Dockerode({ ...engine, timeout: RESPONSE_TIMEOUT_MS });
  shareConnections(docker);
  return createCleanupEngine(docker);
}

/** Creates the same for an engine that is already connected. */
export function createCleanupEngine(docker: Docker): CleanupEngine {
  return {
    list: (labels) => list(docker, labels),
    removalsAtOnce: async () => removalsAtOnce(await docker.info()),
    remove: (resource) => remove(docker, resource),
  };
}

async function list(docker: Docker, label: readonly string[]): Promise<readonly LabelledResource[]> {
  const filters = { label: [...label] };
  const [containers, networks, volumes] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    listLabelledNetworks(docker, label),
    docker.listVolumes({ filters }),
  ]);
  return [
    ...containers.map(({ Id, Names, Labels }) => ({
      kind: "container" as const,
      id: Id,
      name: Names?.[0]?.replace(/^\//, "") ?? Id,
      labels: Labels ?? {},
    })),
    ...networks.map(({ id, name, labels }) => ({ kind: "network" as const, id, name, labels })),
    // Engines omit the list if it is empty.
    ...(volumes.Volumes ?? []).map(({ Name, Labels }) => ({
      kind: "volume" as const,
      id: Name,
      name: Name,
      labels: Labels ?? {},
    })),
  ];
}

async function listLabelledNetworks(
  docker: Docker,
  label: readonly string[],
): Promise<readonly ListedNetwork[]> {
  const forgetsIsolation = isPodmanBefore5(await docker.info());
  return await listNetworks(docker, { forgetsIsolation }, label);
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
    if (!isRemoved(kind, (error as { readonly statusCode?: number }).statusCode)) throw error;
  }
}

/** Returns whether a status means that the resource does not exist, or that another request is removing it. */
function isRemoved(kind: LabelledResource["kind"], status: number | undefined): boolean {
  return status === 404 || (kind === "container" && status === 409);
}
