/** @ts-ignore the package is an optional peer dependency */
import type { GlideClusterClient, GlideClusterClientConfiguration } from "@valkey/valkey-glide";
import { abortable } from "../../timing/deadline.ts";
import type { ClientLibrary } from "./library.ts";

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
  findObstacle: ({ tls }) =>
    tls?.cert === undefined
      ? undefined
      : "valkey-glide cannot present a client certificate (`tls.clientAuth`)",
  async open(library, { announced, reach, username, password, tls }, options, signal) {
    const { advancedConfiguration, ...others } = options;
    const connecting = (library as Library).GlideClusterClient.createClient({
      // The address resolver translates these addresses as well.
      addresses: announced.map(({ host, port }) => ({ host, port })),
      addressResolver: (host, port) => {
        const address = reach({ host, port });
        return [address.host, address.port];
      },
      ...(password === undefined
        ? {}
        : { credentials: { password, ...(username === undefined ? {} : { username }) } }),
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
    });
    try {
      const client = await abortable(connecting, signal);
      return { client, close: () => client.close() };
    } catch (error) {
      // The attempt cannot be aborted.
      void connecting.then(
        (client) => client.close(),
        () => {},
      );
      throw error;
    }
  },
};
