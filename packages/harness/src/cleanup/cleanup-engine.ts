import Client from "dockerode";
import { shareConnections } from "../ssh/share-connections.ts";
import type { CleanupEngine, LabelledResource } from "./labelled-resources.ts";
import type { Dockerode } from "./dockerode.ts";
import { type EngineVersion, forgetsIsolation, removalsAtOnce } from "./engine-version.ts";
import { listNetworks, type NetworkReader, type NetworkReading } from "./read-networks.ts";
import type { EngineReference } from "./watcher-protocol.ts";

/** A response that takes longer counts as none. Removing a container takes a busy engine some seconds. */
const RESPONSE_TIMEOUT_MS = 20_000;

/** The part of dockerode that the cleanup uses. */
type Docker = NetworkReader &
  Pick<Dockerode, "info" | "listContainers" | "listVolumes" | "getContainer" | "getVolume">;

/** Connects to an engine. */
export function openCleanupEngine(engine: EngineReference): CleanupEngine {
  const docker = new Client({ ...engine, timeout: RESPONSE_TIMEOUT_MS });
  shareConnections(docker);
  return createCleanupEngine(docker);
}

/** Creates the same for an engine that is already connected. */
export function createCleanupEngine(docker: Docker): CleanupEngine {
  let version: Promise<EngineVersion> | undefined;
  const readVersion = async (): Promise<EngineVersion> => {
    version ??= docker.info();
    try {
      return await version;
    } catch (error) {
      version = undefined;
      throw error;
    }
  };
  return {
    list: (labels) => list(docker, readVersion().then(readingOf), labels),
    removalsAtOnce: async () => removalsAtOnce(await readVersion()),
    remove: (resource) => remove(docker, resource),
  };
}

async function list(
  docker: Docker,
  reading: Promise<NetworkReading>,
  label: readonly string[],
): Promise<readonly LabelledResource[]> {
  const filters = { label: [...label] };
  const [containers, networks, volumes] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    reading.then((how) => listNetworks(docker, how, label)),
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

function readingOf(version: EngineVersion): NetworkReading {
  return { forgetsIsolation: forgetsIsolation(version) };
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
