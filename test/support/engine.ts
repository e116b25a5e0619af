import { appendFileSync, readFileSync } from "node:fs";
import { once } from "node:events";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { getContainerRuntimeClient } from "testcontainers";
import { RedisClusterError, type StartedRedisCluster } from "testcontainers-redis-cluster";
import { isRunning } from "./child-program.ts";

const HOST_OVERRIDE = "TESTCONTAINERS_HOST_OVERRIDE";
const CLUSTER_LABEL = "testcontainers-redis-cluster.cluster";

type Docker = Awaited<ReturnType<typeof getContainerRuntimeClient>>["container"]["dockerode"];

/** Returns a client of the engine, with which tests inspect what the library created. */
export async function docker(): Promise<Docker> {
  return (await runtimeClient()).container.dockerode;
}

/**
 * Returns the client of Testcontainers, also if the engine is reached over SSH. Testcontainers does not find the host of such a URL,
 * and then uses another engine if one answers.
 */
async function runtimeClient(): ReturnType<typeof getContainerRuntimeClient> {
  const host = findSshHost();
  if (host === undefined || process.env[HOST_OVERRIDE] !== undefined)
    return await getContainerRuntimeClient();
  process.env[HOST_OVERRIDE] = host;
  try {
    return await getContainerRuntimeClient();
  } finally {
    delete process.env[HOST_OVERRIDE];
  }
}

/** Returns the host of an engine that is reached over SSH; undefined if it is reached in another way. */
export function findSshHost(): string | undefined {
  const url = process.env["DOCKER_HOST"] ?? "";
  return url.startsWith("ssh:") ? new URL(url).hostname : undefined;
}

/** Returns the major version of Podman, which does some things in another way than Docker; undefined if the engine is Docker. */
export async function podmanVersion(): Promise<number | undefined> {
  const { BuildahVersion, ServerVersion } = (await (await docker()).info()) as Readonly<
    Record<string, string>
  >;
  return BuildahVersion === undefined ? undefined : Number.parseInt(ServerVersion ?? "", 10);
}

/** Returns whether the engine is Podman 4, whose networks and ports differ from those of its later versions. */
export async function isPodman4(): Promise<boolean> {
  return (await podmanVersion()) === 4;
}

/** Returns the address that the engine reports for a port that is published on all addresses of IPv4. */
export async function allAddresses(): Promise<string> {
  return (await isPodman4()) ? "" : "0.0.0.0";
}

/** Returns whether the engine has control groups, with which it pauses containers and limits their resources. */
export async function hasControlGroups(): Promise<boolean> {
  const { Rootless, CgroupDriver, CgroupVersion } = (await (await docker()).info()) as Readonly<
    Record<string, unknown>
  >;
  return CgroupDriver !== "none" && !(Rootless === true && CgroupVersion === "1");
}

/** Returns whether the engine runs without root. */
export async function isRootless(): Promise<boolean> {
  const { Rootless, SecurityOptions = [] } = (await (await docker()).info()) as {
    readonly Rootless?: boolean;
    readonly SecurityOptions?: readonly string[];
  };
  return Rootless === true || SecurityOptions.some((option) => option.includes("name=rootless"));
}

/**
 * Returns whether the engine runs on another machine, as seen from this process: in a virtual machine, or next to the container in
 * which this process runs. It then publishes ports on all of its addresses.
 */
export async function isRemote(): Promise<boolean> {
  return (await publishingHost()) !== "127.0.0.1";
}

/** Returns the host at which the published ports of a cluster are reached. */
export async function publishingHost(): Promise<string> {
  const { host } = (await runtimeClient()).info.containerRuntime;
  return (await isOwnAddress(host)) ? "127.0.0.1" : host;
}

/** Returns whether a process of this machine can listen on an address. */
async function isOwnAddress(host: string): Promise<boolean> {
  const server = createServer().listen(0, host);
  try {
    await once(server, "listening");
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}

/** Returns the address that the engine reports for a port that it publishes for this process. */
export async function publishedOn(): Promise<string> {
  return (await isRemote()) ? await allAddresses() : "127.0.0.1";
}

/** Why some tests do not run with an engine on another machine. */
export const OTHER_MACHINE = "The engine runs on another machine.";

/** Returns whether this process can connect to the addresses of containers. */
export async function hasDirectAccess(): Promise<boolean> {
  return !(await isRemote()) && !(await isRootless());
}

/** Why tests of direct access do not run with some engines. */
export const NO_DIRECT_ACCESS = "The networks of the engine are not networks of this machine.";

/** Why tests of pauses do not run on some engines. */
export const NO_CONTROL_GROUPS = "The engine has no control groups, with which it would freeze a container.";

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

/** Returns the same names for everything that processes created whose working folder is the given one. */
export async function leftoversOfFolder(folder: string): Promise<readonly string[]> {
  return await listByLabel(`testcontainers-redis-cluster.owner.project=${folder}`);
}

async function listByLabel(label: string): Promise<readonly string[]> {
  const engine = await docker();
  const filters = { label: [label] };
  const [containers, networks, { Volumes: volumes }] = await Promise.all([
    engine.listContainers({ all: true, filters }),
    listNetworks(filters),
    engine.listVolumes({ filters }),
  ]);
  const keptByEngine = await Promise.all(networks.map((network) => isStuck(engine, network)));
  return [
    ...containers.flatMap(({ Names }) => Names.map((name) => name.replace(/^\//, ""))),
    ...networks.filter((_, index) => keptByEngine[index] !== true).map(({ Name }) => Name),
    ...removedHere.values(),
    ...volumes.map(({ Name }) => Name),
  ].toSorted();
}

/** The part of a network that the checks use. */
interface FoundNetwork {
  readonly Id: string;
  readonly Name: string;
  readonly Labels?: Readonly<Record<string, string>> | undefined;
  /** The first address of the network that is not of a container. */
  readonly gateway: string | undefined;
}

/** A network in the answer of Podman's own API. */
interface LibpodNetwork {
  readonly id: string;
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly subnets?: readonly { readonly gateway?: string }[];
}

/**
 * Lists networks. With Docker's API, Podman 4 would forget that those which have no container yet are separated from others, also
 * the networks of clusters that other tests are starting.
 */
export async function listNetworks(filters: object): Promise<readonly FoundNetwork[]> {
  const engine = await docker();
  if (!(await isPodman4())) {
    const networks = await engine.listNetworks({ filters: JSON.stringify(filters) });
    return networks.map((network) => ({ ...network, gateway: network.IPAM?.Config?.[0]?.Gateway }));
  }
  const request = {
    path: "/v4.0.0/libpod/networks/json?",
    method: "GET",
    options: { filters },
    statusCodes: { 200: true },
  };
  const answer: unknown = await promisify(engine.modem.dial.bind(engine.modem))(request);
  return (answer as readonly LibpodNetwork[]).map(({ id, name, labels, subnets = [] }) => ({
    Id: id,
    Name: name,
    Labels: labels,
    gateway: subnets[0]?.gateway,
  }));
}

/** How long a network must be empty before the check tries to remove it: until then, the watcher of its owner may be at work. */
const PATIENCE_MS = 10_000;
/** The ids of networks that only a defect of the engine keeps, a line each. All processes of a run share the file. */
const STUCK = join(tmpdir(), "testcontainers-redis-cluster-stuck-networks");
/** Networks that the check itself removed. They count as leftovers permanently. */
const removedHere = new Map<string, string>();

/**
 * Returns whether only a defect of the engine keeps a network: its owner has ended, it has contained no container for a while,
 * and the engine does not remove it because of active endpoints. Then the engine's count of endpoints is wrong until the engine is
 * restarted (https://github.com/moby/moby/issues/42119; about how often on Docker 20.10:
 * https://github.com/moby/moby/issues/43286).
 */
async function isStuck(
  engine: Docker,
  { Id: id, Name: name, Labels: labels }: FoundNetwork,
): Promise<boolean> {
  if (stuckNetworks().includes(id)) return true;
  if (isRunning(Number(labels?.["testcontainers-redis-cluster.owner.pid"]))) return false;
  const since = performance.now();
  while (performance.now() - since < PATIENCE_MS) {
    const [inside, found] = await Promise.all([
      engine.listContainers({ all: true, filters: { network: [id] } }),
      listNetworks({ id: [id] }),
    ]);
    if (inside.length > 0 || found.length === 0) return false;
    await sleep(200);
  }
  try {
    await engine.getNetwork(id).remove();
    removedHere.set(id, name);
    return false;
  } catch (error) {
    if (!/active endpoints/i.test(String(error))) return false;
    noteStuck(id, name, error);
    return true;
  }
}

/** Leaves out the networks that only a defect of the engine keeps: see {@link isStuck}. */
export function exceptStuck<T extends { readonly id: string }>(found: readonly T[]): readonly T[] {
  const stuck = stuckNetworks();
  return found.filter(({ id }) => !stuck.includes(id));
}

function stuckNetworks(): readonly string[] {
  try {
    return readFileSync(STUCK, "utf8").split("\n");
  } catch {
    return [];
  }
}

function noteStuck(id: string, name: string, error: unknown): void {
  console.warn(`The network ${name} cannot be removed because of a defect of the engine: ${String(error)}`);
  appendFileSync(STUCK, `${id}\n`);
}

/**
 * Stops a cluster after a test that restarts many containers. After many restarts, Docker may count the network's endpoints
 * wrongly and refuse to remove the network (see {@link isStuck}). If nothing else is left, this prints a warning and does not fail.
 */
export async function stopAfterManyRestarts(cluster: StartedRedisCluster): Promise<void> {
  try {
    await cluster.stop();
  } catch (error) {
    const name = cluster.network.getName();
    const onlyCountIsWrong =
      error instanceof RedisClusterError &&
      error.code === "CLEANUP_FAILED" &&
      error.message.includes("moby/moby/issues/42119");
    const left = await leftovers(cluster.info.name);
    if (!onlyCountIsWrong || left.some((each) => each !== name)) throw error;
    noteStuck(cluster.network.id, name, error);
  }
}

/** Runs a command in a container. Returns its exit code and everything that it printed. */
export async function exec(
  containerId: string,
  command: string[],
): Promise<{ readonly exitCode: number; readonly output: string }> {
  const client = await runtimeClient();
  const { exitCode, output } = await client.container.exec(client.container.getById(containerId), command);
  return { exitCode, output };
}

/** Returns the content of a file in a container. The engine packs the file into an archive, whose first block contains its size. */
export async function readContainerFile(containerId: string, path: string): Promise<Buffer> {
  const archive = await buffer(await (await docker()).getContainer(containerId).getArchive({ path }));
  const size = Number.parseInt(archive.toString("latin1", 124, 136), 8);
  const content = archive.subarray(512, 512 + size);
  if (size > 0 && content.length === size) return content;
  throw new Error(
    `${path} in an archive of ${archive.length} bytes: expected ${size} bytes, got ${content.length}`,
  );
}

/** Returns the server image that clusters use in this test run, for containers that a test creates itself. */
export function serverImage(): string {
  return process.env["TESTCONTAINERS_REDIS_CLUSTER_IMAGE"] || "redis:8.0";
}
