import { isIPv6 } from "node:net";
import { type ContainerRuntimeClient, getContainerRuntimeClient } from "testcontainers";

const OVERRIDE = "TESTCONTAINERS_HOST_OVERRIDE";

let looking: Promise<ContainerRuntimeClient> | undefined;

/**
 * Returns Testcontainers' client, also if DOCKER_HOST has an IPv6 address (`tcp://[fd00::1]:2375`). Testcontainers looks
 * up the address with its brackets as a name (`lookupHostIps`), fails, and silently takes another engine if one answers.
 * The host that it takes from the environment has no brackets; so the address is put there while Testcontainers looks.
 */
export async function testcontainersClient(
  environment: NodeJS.ProcessEnv = process.env,
): Promise<ContainerRuntimeClient> {
  const address = ipv6Of(environment["DOCKER_HOST"]);
  if (address === undefined || environment[OVERRIDE] !== undefined) {
    return await (looking ?? getContainerRuntimeClient());
  }
  environment[OVERRIDE] = address;
  // Whoever comes meanwhile gets the same answer, and does not take the address for the user's wish.
  looking = getContainerRuntimeClient();
  try {
    return await looking;
  } finally {
    looking = undefined;
    delete environment[OVERRIDE];
  }
}

/** Returns the IPv6 address that a URL has as its host, without brackets. */
export function ipv6Of(url: string | undefined): string | undefined {
  if (url === undefined || !URL.canParse(url)) return undefined;
  const address = /^\[(.*)\]$/.exec(new URL(url).hostname)?.[1];
  return address !== undefined && isIPv6(address) ? address : undefined;
}
