import type { EnginePlace } from "./engine-place.ts";

/** Where the ports are that the engine publishes. */
export interface PublishedAddress {
  /** Where published ports are reached: an address or name of the engine's host. */
  readonly host: string;
  /** Ports are published on loopback unless something else is wished, and `host` is the address for that. */
  readonly local: boolean;
  /**
   * The address on which a port for everybody is published, of the family by which `host` is reached. Without one Docker
   * publishes on both families, on ports that can differ: each family is given its next free one.
   */
  readonly everywhere: "0.0.0.0" | "::";
  /** Other addresses of the engine's host, by which others reach ports that are published for everybody. */
  readonly addresses: readonly string[];
}

/** The engine's host as Testcontainers found it. */
export interface FoundHost {
  readonly host: string;
  readonly hostIps: readonly { readonly address: string; readonly family: number }[];
  /** TESTCONTAINERS_HOST_OVERRIDE. */
  readonly override: string | undefined;
}

/**
 * Decides where published ports are reached.
 *
 * - An engine on this machine publishes on loopback.
 * - A host that the user names with TESTCONTAINERS_HOST_OVERRIDE is taken literally, since containers and other machines
 *   may be meant to use it as well. If it is not an address of loopback, ports are published for it.
 * - The family is one that the host has: Testcontainers looks among the published ports for an address of the same family
 *   as the host's (`BoundPorts.fromInspectResult`) and fails without one. A name with addresses of both families is
 *   reached by IPv4.
 */
export function addressOf(
  { host, hostIps, override }: FoundHost,
  { onThisMachine }: EnginePlace,
): PublishedAddress {
  const addresses = hostIps.map(({ address }) => address);
  const byIpv4 = hostIps.length === 0 || hostIps.some(({ family }) => family === 4);
  const everywhere = byIpv4 ? "0.0.0.0" : "::";
  const isLoopback = addresses.every((address) => address === "::1" || address.startsWith("127."));
  const isWished = override !== undefined && override !== "" && override === host && !isLoopback;
  if (onThisMachine && !isWished) {
    // `localhost` may mean ::1 first, where nothing is published: https://github.com/testcontainers/testcontainers-node/issues/750.
    return { host: byIpv4 ? "127.0.0.1" : "::1", local: true, everywhere, addresses };
  }
  const named = host === "localhost" || host === "" ? (byIpv4 ? "127.0.0.1" : "::1") : host;
  return { host: named, local: false, everywhere, addresses };
}
