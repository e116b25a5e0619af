import { messageOf, RedisClusterError } from "../errors.ts";
import type { NodePlan } from "../plan/cluster-plan.ts";

const PORT_CONFLICT =
  /port is already allocated|ports are not available|(?:listen|bind|Bind for)\b.*address already in use/i;
/** The conflict of the address of a container, not of a port of the host: `ipamapi.ErrIPAlreadyAllocated` in libnetwork. */
const ADDRESS_CONFLICT = /address already in use/i;
/** The messages of runc, crun, youki and gVisor. */
const NO_SHELL =
  /(?:exec: |executable (?:file )?)["'`]?sh["'`]?\S*.*not found|finding executable "sh"|"sh": (?:stat|no such file)/i;

/**
 * Returns true if another program took the free port of the host that the engine chose for a node. When the container is started
 * again, the engine chooses another port.
 */
export function isPortRace(node: NodePlan, error: unknown): boolean {
  const message = messageOf(error);
  return PORT_CONFLICT.test(message) && portsInUse(node, message).length === 0;
}

/** Returns true if a message of the engine means that the image does not contain `sh`. */
export function hasNoShell(message: string): boolean {
  return NO_SHELL.test(message);
}

/**
 * Converts the error of a container that did not start to an error that names the cause and the remedy.
 *
 * @param image the image of the node, if no container of it has started before.
 */
export function startError(node: NodePlan, error: unknown, image?: string): RedisClusterError {
  if (error instanceof RedisClusterError) return error;
  const message = messageOf(error);
  const options = { cause: error, details: { node: node.name } };
  if (image !== undefined && hasNoShell(message)) {
    return unsuitableImage(image, "it contains no shell, and every node starts with a script for `sh`", {
      ...options,
      remedy:
        "Use an image of the same server that has a shell; hardened images often have a variant for development that does.",
    });
  }
  if (PORT_CONFLICT.test(message)) {
    const ports = portsInUse(node, message);
    return ports.length === 0
      ? new RedisClusterError(
          "PORT_TAKEN",
          `Publishing ${node.name} failed: the free ports of the host that the engine chose were taken each time (${message}). ` +
            "Check what opens that many ports on the host, or choose ports that are free with `firstHostPort`.",
          options,
        )
      : new RedisClusterError(
          "PORT_TAKEN",
          `Publishing ${node.name} on port ${ports.join(" or ")} of the host failed: another program uses the port (${message}). ` +
            "Choose another `firstHostPort` or `firstHostBusPort`, or leave them out to get free ports.",
          options,
        );
  }
  if (ADDRESS_CONFLICT.test(message)) {
    return new RedisClusterError(
      "START_FAILED",
      `${node.name} could not be started: its network address ${node.address} is used by another container (${message}). ` +
        "Remove that container from the cluster's network.",
      options,
    );
  }
  return new RedisClusterError("START_FAILED", `${node.name} could not be started: ${message}`, options);
}

/** Creates the error for an image that cannot be used for a cluster. */
export function unsuitableImage(
  image: string,
  reason: string,
  {
    remedy = "Choose another image with the option `image`.",
    details = {},
    cause,
  }: {
    readonly remedy?: string;
    readonly details?: Readonly<Record<string, unknown>>;
    readonly cause?: unknown;
  } = {},
): RedisClusterError {
  return new RedisClusterError(
    "IMAGE_UNSUITABLE",
    `The image "${image}" cannot be used for a cluster: ${reason}. ${remedy}`,
    { ...(cause === undefined ? {} : { cause }), details: { ...details, image, reason } },
  );
}

/** Returns the fixed ports of a node that are in use: the ports that the message names, or all if it does not name a port. */
function portsInUse(node: NodePlan, message: string): readonly number[] {
  const fixed = [node.hostPort, node.hostBusPort].filter((port) => port !== undefined);
  const named = [...message.matchAll(/:(\d{1,5})\b/g)].map(([, port]) => Number(port));
  return named.length === 0 ? fixed : fixed.filter((port) => named.includes(port));
}
