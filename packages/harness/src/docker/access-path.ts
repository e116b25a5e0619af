import { RedisClusterError } from "../errors.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import type { AccessChoice, AccessPath } from "../plan/options.generated.ts";
import { findSourceAddress } from "./engine-location.ts";
import type { Engine } from "./engine.ts";

/** How this process reaches the nodes of a cluster. */
export interface ChosenAccess {
  readonly access: AccessPath;
  /** Whether the engine publishes the client ports: for this process, or because something requests it. */
  readonly publishesPorts: boolean;
  /** Why a start with `access: "auto"` uses published ports. Undefined if it does not. */
  readonly accessFallbackReason: string | undefined;
}

/** The options that determine the path. */
export interface AccessOptions {
  readonly access: AccessChoice;
  readonly firstHostPort: number | undefined;
  readonly firstHostBusPort: number | undefined;
  readonly publishOn: string;
}

/** Why the nodes of an engine could not be reached directly by an earlier start of this process. */
const obstacles = new WeakMap<Engine["client"], string>();

/** Makes later starts with `access: "auto"` publish ports at once. */
export function rememberObstacle(engine: Engine, obstacle: string): void {
  obstacles.set(engine.client, obstacle);
}

/**
 * Checks that direct access is possible with an engine, as far as that can be known without a network.
 *
 * @throws RedisClusterError DIRECT_ACCESS_UNAVAILABLE if it was requested and is not possible.
 */
export function requireReachableEngine(engine: Engine, { access }: AccessOptions): void {
  const obstacle = findEngineObstacle(engine);
  if (access === "direct" && obstacle !== undefined) throw directAccessUnavailable(obstacle);
}

/**
 * Chooses how this process reaches the nodes of a cluster whose network exists.
 *
 * With direct access this process has an interface on the bridge of the network. The engine gives that interface the address of
 * the gateway, so the kernel chooses this address as the source of every packet to a node. With a VPN that covers the subnet it
 * chooses another one. No packet is sent.
 *
 * @throws RedisClusterError DIRECT_ACCESS_UNAVAILABLE if direct access was requested and is not possible.
 */
export async function chooseAccess(
  engine: Engine,
  options: AccessOptions,
  plan: Pick<ClusterPlan, "network" | "nodes">,
): Promise<ChosenAccess> {
  const { access } = options;
  const publish = (reason?: string): ChosenAccess => {
    return { access: "published", publishesPorts: true, accessFallbackReason: reason };
  };
  if (access === "published") return publish();
  const request = findPortRequest(engine, options);
  const known = request ?? obstacles.get(engine.client);
  if (access === "auto" && known !== undefined) return publish(known);
  const obstacle =
    findEngineObstacle(engine) ??
    // A start checks the route again when its containers run.
    (engine.traits.createsBridgesLate ? undefined : await findRouteObstacle(plan));
  if (obstacle === undefined)
    return { access: "direct", publishesPorts: request !== undefined, accessFallbackReason: undefined };
  if (access === "direct") throw directAccessUnavailable(obstacle);
  return publish(obstacle);
}

/**
 * Checks that this process has an interface on the bridge of a network whose containers run.
 *
 * @throws RedisClusterError DIRECT_ACCESS_UNAVAILABLE if it has none.
 */
export async function requireRoute(plan: Pick<ClusterPlan, "network" | "nodes">): Promise<void> {
  const obstacle = await findRouteObstacle(plan);
  if (obstacle !== undefined) throw directAccessUnavailable(obstacle);
}

/** Returns what requests published ports; undefined if nothing does. */
function findPortRequest(
  { isLocal, location }: Engine,
  { firstHostPort, firstHostBusPort, publishOn }: AccessOptions,
): string | undefined {
  if (firstHostPort !== undefined) return "the option `firstHostPort` requests published ports";
  if (firstHostBusPort !== undefined) return "the option `firstHostBusPort` requests published ports";
  if (publishOn === "all") return 'the option `publishOn: "all"` requests published ports';
  // Only a host in the environment differs from loopback although the engine is on this machine.
  if (location.isOnThisMachine && !isLocal) return "TESTCONTAINERS_HOST_OVERRIDE requests published ports";
  return undefined;
}

/** Describes why a requested direct access is not possible, with the remedy. */
export function directAccessUnavailable(obstacle: string, cause?: unknown): RedisClusterError {
  return new RedisClusterError(
    "DIRECT_ACCESS_UNAVAILABLE",
    `The nodes cannot be accessed directly: ${obstacle}. Use \`access: "auto"\` or \`"published"\`.`,
    { cause, details: { obstacle } },
  );
}

/** Returns the obstacle of an error of {@link directAccessUnavailable}; undefined for other errors. */
export function findAccessObstacle(error: unknown): string | undefined {
  return error instanceof RedisClusterError && error.code === "DIRECT_ACCESS_UNAVAILABLE"
    ? String(error.details["obstacle"])
    : undefined;
}

function findEngineObstacle({ location }: Engine): string | undefined {
  return location.sharesNetwork
    ? undefined
    : "the engine does not run in the network namespace of this process, as it does on Linux without a virtual machine, without rootless mode and outside of containers";
}

async function findRouteObstacle({
  network: { subnet, gateway },
  nodes,
}: Pick<ClusterPlan, "network" | "nodes">): Promise<string | undefined> {
  const [first] = nodes;
  if (first === undefined) return undefined;
  const source = await findSourceAddress(first.address);
  if (source === gateway) return undefined;
  return source === undefined
    ? `this host has no route to ${subnet}`
    : `packets to ${subnet} leave this host with the address ${source} instead of ${gateway}, the gateway of the network`;
}
