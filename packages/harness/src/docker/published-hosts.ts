import { hostname, networkInterfaces } from "node:os";
import { InvalidOptionsError } from "../errors.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import type { PublishOn } from "../plan/options.generated.ts";
import type { Engine } from "./engine.ts";

/**
 * Returns the host names and addresses at which the published ports of the cluster can be reached, for the certificates of the
 * nodes. These are the host of the engine and, if ports are published for other machines, the names and addresses that those
 * may use.
 */
export function publishedHosts(engine: Engine, publishOn: PublishOn): readonly string[] {
  if (engine.isLocal && publishOn === "loopback") return [engine.host];
  return [engine.host, ...engine.addresses, ...(engine.location.isOnThisMachine ? localHosts() : [])];
}

/**
 * Returns the addresses of the engine's host on which the ports of the nodes are published. On loopback only this host can connect,
 * which protects a server without a password. The ports of a remote engine must be published on other addresses.
 *
 * Nodes that announce `localhost` are also published on the loopback address of IPv6, because a client may use only the first
 * address of the name. With an engine in a virtual machine it is unknown whether it can publish there.
 */
export function addressesToPublishOn(
  { isLocal, host, wildcardAddress, location, traits }: Engine,
  { publishOn, announce }: Pick<ClusterPlan, "publishOn" | "announce">,
): readonly [string, ...string[]] {
  if (!isLocal || publishOn === "all") return [traits.takesWildcardLiterally ? "" : wildcardAddress];
  return announce === "host" && location.sharesKernel && hasIpv6Loopback() ? [host, "::1"] : [host];
}

/**
 * Returns the host name that the nodes announce to clients; undefined if they announce their addresses.
 *
 * @throws InvalidOptionsError INVALID_OPTIONS if the engine's host is an IPv6 address: the server accepts only letters, digits, dots
 * and hyphens as a host name (`isValidAuxChar` in cluster.c).
 */
export function announcedHost(
  { isLocal, host }: Pick<Engine, "isLocal" | "host">,
  { announce }: Pick<ClusterPlan, "announce">,
): string | undefined {
  if (announce !== "host") return undefined;
  if (isLocal) return "localhost";
  if (!host.includes(":")) return host;
  throw new InvalidOptionsError([
    {
      option: "announce",
      given: '"host"',
      allowed: `"address" with the engine's host ${host}, because a server cannot announce an IPv6 address as its host name`,
      remedy: "Set a name in DOCKER_HOST or TESTCONTAINERS_HOST_OVERRIDE to announce it.",
    },
  ]);
}

function hasIpv6Loopback(): boolean {
  return Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === "::1"));
}

/** Returns the host name and the addresses at which other machines and containers can reach this machine. */
function localHosts(): readonly string[] {
  const addresses = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    // A link-local address needs a zone, which a certificate cannot contain.
    .filter(({ internal, address }) => !internal && !/^fe80:/i.test(address))
    .map(({ address }) => address);
  const name = hostname();
  return /^[\w.-]+$/.test(name) ? [name, ...addresses] : addresses;
}
