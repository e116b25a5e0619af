import type { Dockerode } from "./dockerode.ts";

/** A network of an engine. */
export interface ListedNetwork {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The subnets of both address families, as the engine returns them. */
  readonly subnets: readonly string[];
}

/** The part of dockerode that reading networks needs. */
export type NetworkReader = Pick<Dockerode, "listNetworks" | "getNetwork" | "modem">;

/** What decides how networks are read. */
export interface NetworkReading {
  /**
   * True if the engine may forget that a network is separated from others when networks are read with Docker's API, as with Podman
   * 4.3. Then Podman's own API is used.
   */
  readonly forgetsIsolation: boolean;
}

/** The oldest version of Podman's own API that Podman 4 and 5 have. */
const LIBPOD = "/v4.0.0/libpod";

/** The part of `Network` in libnetwork/types/network.go of containers/common that is used here. */
interface LibpodNetwork {
  readonly id: string;
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly subnets?: readonly { readonly subnet: string }[];
}

/**
 * Lists the networks that have all of the given labels.
 *
 * @param labels each is `name` or `name=value`. Without labels, all networks are listed.
 */
export async function listNetworks(
  docker: NetworkReader,
  { forgetsIsolation }: NetworkReading,
  labels: readonly string[],
): Promise<readonly ListedNetwork[]> {
  const filters = labels.length === 0 ? {} : { label: [...labels] };
  if (forgetsIsolation) {
    const networks = (await get(docker, `${LIBPOD}/networks/json?`, { filters })) as readonly LibpodNetwork[];
    return networks.map(({ id, name, labels: own = {}, subnets = [] }) => ({
      id,
      name,
      labels: own,
      subnets: subnets.map(({ subnet }) => subnet),
    }));
  }
  const networks = await docker.listNetworks({ filters });
  return networks.map(({ Id, Name, Labels, IPAM }) => ({
    id: Id,
    name: Name,
    labels: Labels ?? {},
    subnets: (IPAM?.Config ?? []).flatMap(({ Subnet }) => Subnet ?? []),
  }));
}

/**
 * Resolves if a network exists.
 *
 * @throws the error of the engine. Its `statusCode` is 404 if the network does not exist.
 */
export async function requireNetwork(
  docker: NetworkReader,
  { forgetsIsolation }: NetworkReading,
  name: string,
): Promise<void> {
  await (forgetsIsolation
    ? get(docker, `${LIBPOD}/networks/${encodeURIComponent(name)}/json`)
    : docker.getNetwork(name).inspect());
}

/** @param path ends with a question mark if there are options. */
async function get({ modem }: NetworkReader, path: string, options?: object): Promise<unknown> {
  const statusCodes = { 200: true, 404: "no such network", 500: "server error" };
  const request = { path, method: "GET", options, statusCodes };
  return await new Promise((resolve, reject) => {
    modem.dial(request, (error: unknown, answer: unknown) => {
      if (error === null || error === undefined) resolve(answer);
      else reject(error);
    });
  });
}
