import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { text } from "node:stream/consumers";
import type { LabelledResource, LabelledResources } from "./labelled-resources.ts";

/** Where an engine's HTTP interface is. Plain data, so that it can be handed to another process. */
export interface EngineAddress {
  readonly protocol: "http" | "https";
  /** A Unix socket or a Windows pipe; otherwise `host` and `port`. */
  readonly socketPath?: string | undefined;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly ca?: string[] | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** An answer that takes longer counts as none. Removing a container takes a busy engine some seconds. */
const ANSWER_LIMIT_MS = 20_000;

/** The four requests that cleaning up needs, without a client library: the watcher is to be small. */
export class EngineHttp implements LabelledResources {
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
    return asResources(containers, networks, volumes.Volumes ?? []);
  }

  async remove({ kind, id }: LabelledResource): Promise<void> {
    const path = `/${kind}s/${encodeURIComponent(id)}${kind === "container" ? "?force=1&v=1" : ""}`;
    const { status, body } = await this.#ask("DELETE", path);
    if (status < 300 || isGone(kind, status)) return;
    throw new Error(`the engine answered ${status}: ${body.trim()}`);
  }

  async #get<T>(path: string): Promise<T> {
    const { status, body } = await this.#ask("GET", path);
    if (status !== 200) throw new Error(`the engine answered ${status}: ${body.trim()}`);
    return JSON.parse(body) as T;
  }

  async #ask(method: string, path: string): Promise<{ readonly status: number; readonly body: string }> {
    const { protocol, ...rest } = this.#address;
    const options = { ...rest, method, path, signal: AbortSignal.timeout(ANSWER_LIMIT_MS) };
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
    const send = protocol === "https" ? httpsRequest : httpRequest;
    send(options, (response) => {
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

/** The engine's three lists as one. */
export function asResources(
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

/** Whether an answer to a removal means that there is nothing to do: 409 says that somebody else is at it. */
export function isGone(kind: LabelledResource["kind"], status: number | undefined): boolean {
  return status === 404 || (kind === "container" && status === 409);
}
