import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pause } from "../clock/real-time.ts";
import { type EngineVersion, forgetsIsolation } from "./engine-version.ts";
import type { LabelledResource } from "./labelled-resources.ts";

/** The paths of a single network, in Docker's API and in Podman's own. */
const NETWORK = /^\/networks\/([^/]+)$/;
const LIBPOD_NETWORK = /^\/v4\.0\.0\/libpod\/networks\/([^/]+)\/json$/;

/** The subnet of every network of a {@link FakeEngine}. */
export const FAKE_SUBNET = "10.9.0.0/24";

/**
 * An engine with the part of Docker's HTTP API that the cleanup uses, on a Unix socket. Like the real engine, it does not
 * remove a network while containers exist.
 */
export class FakeEngine implements AsyncDisposable {
  readonly address: { readonly socketPath: string };
  resources: LabelledResource[] = [];
  /** The names of the removed resources, oldest removal first. */
  readonly removed: string[] = [];
  /** The answer to `GET /info`. */
  info: EngineVersion = { ServerVersion: "28.5.2" };
  /** The largest number of resources that were removed at the same time. */
  removedAtOnce = 0;
  /** The number of requests. */
  requests = 0;
  /** The number of the next requests that are answered with status 500. */
  failures = 0;
  /** The statuses with which the next removals of a resource are answered, by its name. Each is used once. */
  readonly statuses = new Map<string, number[]>();
  #removals = 0;
  readonly #folder: string;
  readonly #server: Server = createServer((request, response) => this.#answer(request, response));

  private constructor(folder: string) {
    this.#folder = folder;
    this.address = { socketPath: join(folder, "docker.sock") };
  }

  static async start(): Promise<FakeEngine> {
    const engine = new FakeEngine(await mkdtemp(join(tmpdir(), "fake-engine-")));
    await once(engine.#server.listen(engine.address.socketPath), "listening");
    return engine;
  }

  add(kind: LabelledResource["kind"], name: string, labels: Readonly<Record<string, string>>): void {
    this.resources.push({ kind, id: `id-of-${name}`, name, labels });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
    await rm(this.#folder, { recursive: true, force: true });
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.requests += 1;
    const url = new URL(request.url ?? "/", "http://engine");
    // A path of the other API is not implemented.
    const network = (forgetsIsolation(this.info) ? LIBPOD_NETWORK : NETWORK).exec(url.pathname);
    if (this.failures > 0) {
      this.failures -= 1;
      send(response, 500, { message: "the engine is overloaded" });
    } else if (request.method === "DELETE") {
      void this.#removeLater(url, response);
    } else if (network !== null) {
      const [, name = ""] = network;
      const isKnown = this.resources.some((found) => found.kind === "network" && found.name === name);
      send(response, isKnown ? 200 : 404, isKnown ? {} : { message: "no such network" });
    } else {
      send(response, 200, this.#list(url));
    }
  }

  #list(url: URL): unknown {
    const { label = [] } = JSON.parse(url.searchParams.get("filters") ?? "{}") as {
      label?: readonly string[];
    };
    const has = ({ labels }: LabelledResource): boolean =>
      label.every((filter) => {
        const [name = "", ...value] = filter.split("=");
        return name in labels && (value.length === 0 || labels[name] === value.join("="));
      });
    const of = (kind: string): readonly LabelledResource[] =>
      this.resources.filter((resource) => resource.kind === kind && has(resource));
    switch (url.pathname) {
      case "/containers/json":
        if (url.searchParams.get("all") !== "true") return [];
        return of("container").map(({ id, name, labels }) => ({
          Id: id,
          Names: [`/${name}`],
          Labels: labels,
        }));
      case "/networks":
        // Reading networks with this API would end the separation of those that have no container yet.
        if (forgetsIsolation(this.info)) throw new Error("Podman's own API must be used");
        return of("network").map(({ id, name, labels }) => ({
          ...{ Id: id, Name: name, Labels: labels },
          IPAM: { Config: [{ Subnet: FAKE_SUBNET, Gateway: "10.9.0.1" }] },
        }));
      case "/v4.0.0/libpod/networks/json":
        if (!forgetsIsolation(this.info)) throw new Error("Docker's API must be used");
        return of("network").map(({ id, name, labels }) => ({
          ...{ id, name, labels },
          subnets: [{ subnet: FAKE_SUBNET, gateway: "10.9.0.1" }],
        }));
      case "/info":
        return this.info;
      case "/volumes":
        return {
          Volumes: of("volume").map(({ id, labels }) => ({ Name: id, Labels: labels })),
          Warnings: null,
        };
      default:
        throw new Error(`The fake engine does not implement GET ${url.pathname}`);
    }
  }

  /** Removes a resource after the requests that were sent at the same time have arrived. */
  async #removeLater(url: URL, response: ServerResponse): Promise<void> {
    this.#removals += 1;
    this.removedAtOnce = Math.max(this.removedAtOnce, this.#removals);
    await pause(20);
    this.#removals -= 1;
    this.#remove(url, response);
  }

  #remove(url: URL, response: ServerResponse): void {
    const [, kinds = "", id = ""] = url.pathname.split("/");
    const found = this.resources.find(
      (resource) => `${resource.kind}s` === kinds && resource.id === decodeURIComponent(id),
    );
    const status = this.statuses.get(found?.name ?? "")?.shift();
    if (status !== undefined) {
      send(response, status, { message: `the test has chosen status ${status}` });
    } else if (found === undefined) {
      send(response, 404, { message: "no such resource" });
    } else if (found.kind === "container" && url.search !== "?force=true&v=true") {
      send(response, 409, { message: "you cannot remove a running container" });
    } else if (found.kind !== "container" && this.resources.some(({ kind }) => kind === "container")) {
      send(response, 403, { message: `${found.name} has active endpoints` });
    } else {
      this.resources = this.resources.filter((resource) => resource !== found);
      this.removed.push(found.name);
      send(response, 204);
    }
  }
}

function send(response: ServerResponse, status: number, body?: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}
