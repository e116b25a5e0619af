import { lookup } from "node:dns/promises";
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
  if (host === undefined) return await getContainerRuntimeClient();
  // Concurrent calls return the same promise. Otherwise they would treat the host as an override of the user.
  pending ??= findWithHost(host, environment).finally(() => {
    pending = undefined;
  });
  return await pending;
}

async function findWithHost(host: string, environment: NodeJS.ProcessEnv): Promise<ContainerRuntimeClient> {
  const isOverridden = environment[OVERRIDE] !== undefined;
  environment[OVERRIDE] ??= host;
  try {
    const client = await getContainerRuntimeClient();
    await correctHost(client, environment[OVERRIDE] ?? host, environment);
    return client;
  } catch (error) {
    // Another copy of this library in this process has ended its own search, and deleted the variable.
    if (environment[OVERRIDE] === undefined) return await findWithHost(host, environment);
    throw error;
  } finally {
    if (!isOverridden) delete environment[OVERRIDE];
  }
}

/**
 * Corrects the host of a client that Testcontainers has found without the variable, because the user's own call was earlier. Such a
 * client has the host of a local socket, but it uses DOCKER_HOST: docker-modem prefers that variable to a socket (`lib/modem.js`).
 */
async function correctHost(
  { info, container }: ContainerRuntimeClient,
  host: string,
  environment: NodeJS.ProcessEnv,
): Promise<void> {
  const { containerRuntime } = info;
  const { host: connectedTo } = container.dockerode.modem as { readonly host?: unknown };
  const isOfVariable = connectedTo === new URL(environment["DOCKER_HOST"] ?? "").hostname;
  if (containerRuntime.host === host || !isOfVariable) return;
  Object.assign(containerRuntime, { host, hostIps: await lookup(host, { all: true }) });
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
