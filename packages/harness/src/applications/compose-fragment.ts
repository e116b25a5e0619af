/** A part of a Compose file, as plain data. */
export interface ComposeFragment {
  /** The services, each with its networks and its environment variables. */
  readonly services: Readonly<Record<string, ComposeService>>;
  /** The network of the cluster, which Compose neither creates nor removes. */
  readonly networks: Readonly<Record<string, { readonly name: string; readonly external: true }>>;
}

/** What a service needs to use the cluster. */
export interface ComposeService {
  /** The default network of Compose, and the network of the cluster. */
  readonly networks: Readonly<Record<string, Record<string, never>>>;
  /** `environment("network")` of the cluster. */
  readonly environment: Readonly<Record<string, string>>;
}

/** The key of the network in the fragment. */
const NETWORK_KEY = "redis-cluster";

/**
 * Describes services that use the cluster.
 *
 * @param network the name of the network in the engine.
 */
export function composeFragment(
  services: readonly string[],
  network: string,
  environment: Readonly<Record<string, string>>,
): ComposeFragment {
  const service: ComposeService = {
    // A service with a list of networks leaves the default network, so it is named as well.
    networks: { default: {}, [NETWORK_KEY]: {} },
    // Compose replaces variables in values: `$$` stands for a dollar sign.
    environment: Object.fromEntries(
      Object.entries(environment).map(([name, value]) => [name, value.replaceAll("$", "$$$$")]),
    ),
  };
  return {
    services: Object.fromEntries(services.map((name) => [name, service])),
    networks: { [NETWORK_KEY]: { name: network, external: true } },
  };
}
