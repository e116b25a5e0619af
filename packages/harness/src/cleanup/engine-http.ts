import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { text } from "node:stream/consumers";
import type { CleanupEngine, LabelledResource } from "./labelled-resources.ts";

/** The address of the HTTP API of an engine. It contains only data, so that it can be sent to another process. */
export interface EngineAddress {
  readonly protocol: "http" | "https";
  /** The path of a Unix socket or a Windows pipe. If it is undefined, the engine is at `host` and `port`. */
  readonly socketPath?: string | undefined;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly ca?: string[] | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** The timeout of a request. A busy engine needs some seconds to remove a container. */
const REQUEST_TIMEOUT_MS = 20_000;

/** Sends the requests of the cleanup by HTTP. It uses no client library, because the watcher must need little memory. */
export class EngineHttp implements CleanupEngine {
  readonly #address: EngineAddress;

  constructor(address: EngineAddress) {
    this.#address = address;
  }

  async list(labels: readonly string[]): Promise<readonly LabelledResource[]> {
    const filters = `filters=${encodeURIComponent(JSON.stringify({ label: labels }))}`;
    const [containers, networks, volumes] = await Promise.all([
      this.#get<readonly Container[]>(`/containers/json?all=1&${filters}`),
      this.#get<readonly Network[]>(`/networks?${filters}`),
      this.#get<Volumes>(`/volumes?${filters}`),
    ]);
    return toResources(containers, networks, volumes.Volumes ?? []);
  }

  async remove({ kind, id }: LabelledResource): Promise<void> {
    const path = `/${kind}s/${encodeURIComponent(id)}${kind === "container" ? "?force=1&v=1" : ""}`;
    const { status, body } = await this.#send("DELETE", path);
    if (status < 300 || isRemoved(kind, status)) return;
    throw new Error(`DELETE ${path} failed: the engine answered ${status}: ${body.trim()}`);
  }

  async #get<T>(path: string): Promise<T> {
    const { status, body } = await this.#send("GET", path);
    if (status !== 200) throw new Error(`GET ${path} failed: the engine answered ${status}: ${body.trim()}`);
    return JSON.parse(body) as T;
  }

  async #send(method: string, path: string): Promise<{ readonly status: number; readonly body: string }> {
    const { protocol, ...rest } = this.#address;
    const options = { ...rest, method, path, signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) };
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
    const request = protocol === "https" ? httpsRequest : httpRequest;
    request(options, (response) => {
      text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
    })
      .once("error", reject)
      .end();
    return await promise;
  }
}

interface Container {
  readonly Id: string;
  readonly Names?: readonly string[] | null;
  readonly Labels?: Readonly<Record<string, string>> | null | undefined;
}

interface Network {
  readonly Id: string;
  readonly Name: string;
  readonly Labels?: Readonly<Record<string, string>> | null | undefined;
}

interface Volume {
  readonly Name: string;
  readonly Labels?: Readonly<Record<string, string>> | null | undefined;
}

interface Volumes {
  readonly Volumes?: readonly Volume[] | null;
}

/** Converts the answers to the three list requests of the engine to one list. */
export function toResources(
  containers: readonly Container[],
  networks: readonly Network[],
  volumes: readonly Volume[],
): readonly LabelledResource[] {
  return [
    ...containers.map(({ Id, Names, Labels }) => ({
      kind: "container" as const,
      id: Id,
      name: Names?.[0]?.replace(/^\//, "") ?? Id,
      labels: Labels ?? {},
    })),
    ...networks.map(({ Id, Name, Labels }) => ({
      kind: "network" as const,
      id: Id,
      name: Name,
      labels: Labels ?? {},
    })),
    ...volumes.map(({ Name, Labels }) => ({
      kind: "volume" as const,
      id: Name,
      name: Name,
      labels: Labels ?? {},
    })),
  ];
}

/**
 * Returns true if the status of a failed removal means that no removal is needed: 404 means that the resource does not exist,
 * and 409 that another request is removing the container.
 */
export function isRemoved(kind: LabelledResource["kind"], status: number | undefined): boolean {
  return status === 404 || (kind === "container" && status === 409);
}
