/** @ts-ignore the package is an optional peer dependency */
import type { GlideClusterClient, GlideClusterClientConfiguration } from "@valkey/valkey-glide";
import { abortable } from "../../timing/deadline.ts";
import { poll } from "../../timing/retry.ts";
import { loginOptions } from "../access.ts";
import { networkAddress } from "../address-table.ts";
import { type ClientLibrary, type OpenedClient, RETRY_MS } from "./library.ts";

/** The configuration of a `GlideClusterClient`. This library adds the addresses of the nodes and the login. */
export type ValkeyGlideOptions = Partial<GlideClusterClientConfiguration>;
/** A cluster client of valkey-glide. */
export type ValkeyGlideClient = GlideClusterClient;

interface Library {
  readonly GlideClusterClient: Pick<typeof GlideClusterClient, "createClient">;
}

/** Opens clients of valkey-glide. */
export const valkeyGlide: ClientLibrary<ValkeyGlideOptions, ValkeyGlideClient> = {
  packageName: "@valkey/valkey-glide",
  // Older versions have no `addressResolver`.
  range: "^2.5.0",
  findObstacle({ access: { tls } }) {
    if (tls?.cert !== undefined) return "valkey-glide cannot present a client certificate (`tls.clientAuth`)";
    if (tls?.servername !== undefined)
      return "valkey-glide verifies the addresses to which it connects, and no name (`tls.names`)";
    return undefined;
  },
  open(library, { plan, addresses, access }, options, signal) {
    const { advancedConfiguration, ...others } = options;
    const { password, tls } = access;
    const configuration: GlideClusterClientConfiguration = {
      // The address resolver translates these addresses as well.
      addresses: plan.nodes.map(networkAddress),
      addressResolver: (host, port) => {
        const address = addresses.lookUp(`${host}:${port}`) ?? { host, port };
        return [address.host, address.port];
      },
      ...(password === undefined ? {} : { credentials: { ...loginOptions(access), password } }),
      ...(tls === undefined ? {} : { useTLS: true }),
      ...others,
      advancedConfiguration: {
        ...advancedConfiguration,
        ...(tls === undefined
          ? {}
          : {
              tlsAdvancedConfiguration: {
                rootCertificates: tls.ca,
                ...advancedConfiguration?.tlsAdvancedConfiguration,
              },
            }),
      },
    };
    const { GlideClusterClient: Client } = library as Library;
    return poll(() => connect(Client.createClient(configuration), signal), { everyMs: RETRY_MS, signal });
  },
};

/** Waits for one attempt to connect. It cannot be aborted, so a client that connects too late is closed. */
async function connect(
  connecting: Promise<ValkeyGlideClient>,
  signal: AbortSignal,
): Promise<OpenedClient<ValkeyGlideClient>> {
  try {
    const client = await abortable(connecting, signal);
    return { client, close: () => client.close() };
  } catch (error) {
    void connecting.then(
      (client) => client.close(),
      () => {},
    );
    throw error;
  }
}
