import type { EngineLocation } from "./engine-location.ts";

/** The addresses at which the published ports of the engine are reached. */
export interface PublishedAddress {
  /** The name or address of the engine's host, at which published ports are reached. */
  readonly host: string;
  /** True if ports are published on loopback by default. Then `host` is the loopback address. */
  readonly isLocal: boolean;
  /**
   * The address for ports that are published on all interfaces. Its family is the family by which `host` is reached. Without an
   * address Docker publishes on both families, with port numbers that may differ, because Docker chooses a free port for each.
   */
  readonly wildcardAddress: "0.0.0.0" | "::";
  /** All addresses of the engine's host, at which other machines reach ports that are published on all interfaces. */
  readonly addresses: readonly string[];
}

/** The host of the engine, as Testcontainers reports it. */
export interface EngineHost {
  readonly host: string;
  readonly hostIps: readonly { readonly address: string; readonly family: number }[];
  /** The value of TESTCONTAINERS_HOST_OVERRIDE. */
  readonly override: string | undefined;
}

/**
 * Chooses the addresses at which published ports are reached.
 *
 * - An engine on this machine publishes on loopback.
 * - A host in TESTCONTAINERS_HOST_OVERRIDE is used as it is, because containers and other machines may use it too. If it is not a
 *   loopback address, ports are published on all interfaces.
 * - The family is a family of the host. Testcontainers searches the published ports for an address of the same family
 *   (`BoundPorts.fromInspectResult`), and fails if there is none. A name with addresses of both families is reached by IPv4.
 */
export function choosePublishedAddress(
  { host, hostIps, override }: EngineHost,
  { isOnThisMachine }: EngineLocation,
): PublishedAddress {
  const addresses = hostIps.map(({ address }) => address);
  const usesIpv4 = hostIps.length === 0 || hostIps.some(({ family }) => family === 4);
  const wildcardAddress = usesIpv4 ? "0.0.0.0" : "::";
  const loopback = usesIpv4 ? "127.0.0.1" : "::1";
  const isLoopback = addresses.every((address) => address === "::1" || address.startsWith("127."));
  const isOverridden = override !== undefined && override !== "" && override === host && !isLoopback;
  if (isOnThisMachine && !isOverridden) {
    // `localhost` may resolve to ::1, where no port is published:
    // https://github.com/testcontainers/testcontainers-node/issues/750.
    return { host: loopback, isLocal: true, wildcardAddress, addresses };
  }
  const isLoopbackName = host === "localhost" || host === "";
  return { host: isLoopbackName ? loopback : host, isLocal: false, wildcardAddress, addresses };
}
