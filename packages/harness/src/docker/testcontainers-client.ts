import { isIPv6 } from "node:net";
import { type ContainerRuntimeClient, getContainerRuntimeClient } from "testcontainers";

const OVERRIDE = "TESTCONTAINERS_HOST_OVERRIDE";

let pending: Promise<ContainerRuntimeClient> | undefined;

/**
 * Returns the client of Testcontainers, also if DOCKER_HOST contains an IPv6 address (`tcp://[fd00::1]:2375`). Testcontainers
 * looks up the address with its brackets like a host name (`lookupHostIps`), fails, and silently uses another engine if one
 * answers. A host from TESTCONTAINERS_HOST_OVERRIDE has no brackets. So this function sets the variable to the address while
 * Testcontainers searches.
 */
export async function testcontainersClient(
  environment: NodeJS.ProcessEnv = process.env,
): Promise<ContainerRuntimeClient> {
  const address = parseIpv6Host(environment["DOCKER_HOST"]);
  if (address === undefined || environment[OVERRIDE] !== undefined) {
    return await (pending ?? getContainerRuntimeClient());
  }
  environment[OVERRIDE] = address;
  // Concurrent calls return the same promise. Otherwise they would treat the address as an override of the user.
  pending = getContainerRuntimeClient();
  try {
    return await pending;
  } finally {
    pending = undefined;
    delete environment[OVERRIDE];
  }
}

/** Returns the IPv6 address in the host of a URL, without brackets. Returns undefined for any other host. */
export function parseIpv6Host(url: string | undefined): string | undefined {
  if (url === undefined || !URL.canParse(url)) return undefined;
  const address = /^\[(.*)\]$/.exec(new URL(url).hostname)?.[1];
  return address !== undefined && isIPv6(address) ? address : undefined;
}
