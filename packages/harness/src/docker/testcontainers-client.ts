import { isIPv6 } from "node:net";
import { type ContainerRuntimeClient, getContainerRuntimeClient } from "testcontainers";

const OVERRIDE = "TESTCONTAINERS_HOST_OVERRIDE";

let pending: Promise<ContainerRuntimeClient> | undefined;

/**
 * Returns the client of Testcontainers, also if DOCKER_HOST contains a host that Testcontainers cannot read: an IPv6 address
 * (`tcp://[fd00::1]:2375`), which it looks up with its brackets like a host name (`lookupHostIps`), or the host of an SSH
 * connection (`ssh://user@host`), whose protocol it does not know (`resolveHost`) although its client does. It fails, and silently
 * uses another engine if one answers. It takes a host from TESTCONTAINERS_HOST_OVERRIDE as it is. So this function sets the
 * variable while Testcontainers searches.
 */
export async function testcontainersClient(
  environment: NodeJS.ProcessEnv = process.env,
): Promise<ContainerRuntimeClient> {
  const host = parseUnreadableHost(environment["DOCKER_HOST"]);
  if (host === undefined || environment[OVERRIDE] !== undefined) {
    return await (pending ?? getContainerRuntimeClient());
  }
  environment[OVERRIDE] = host;
  // Concurrent calls return the same promise. Otherwise they would treat the host as an override of the user.
  pending = getContainerRuntimeClient();
  try {
    return await pending;
  } finally {
    pending = undefined;
    delete environment[OVERRIDE];
  }
}

/**
 * Returns the host of a URL if it is an IPv6 address, without brackets, or if the URL is one of SSH. Returns undefined for any other
 * host.
 */
export function parseUnreadableHost(url: string | undefined): string | undefined {
  if (url === undefined || !URL.canParse(url)) return undefined;
  const { hostname, protocol } = new URL(url);
  const address = /^\[(.*)\]$/.exec(hostname)?.[1];
  if (address !== undefined && isIPv6(address)) return address;
  return protocol === "ssh:" && hostname !== "" ? hostname : undefined;
}
