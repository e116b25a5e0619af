import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EngineAddress } from "./engine-http.ts";
import type { LabelledResource } from "./labelled-resources.ts";

/**
 * Speaks the part of Docker's HTTP interface that cleaning up uses, on a socket of its own. Like the real one it
 * refuses to remove a network while there are containers on it.
 */
export class FakeEngine implements AsyncDisposable {
  readonly address: EngineAddress;
  resources: LabelledResource[] = [];
  /** What was removed, by name, in order. */
  readonly removed: string[] = [];
  /** Requests until now. */
  requests = 0;
  /** So many requests are answered with 500. */
  refusals = 0;
  /** Statuses with which the removal of a name is answered, each once. */
  readonly answers = new Map<string, number[]>();
  readonly #folder: string;
  readonly #server: Server = createServer((request, response) => this.#answer(request, response));

  private constructor(folder: string) {
    this.#folder = folder;
    this.address = { protocol: "http", socketPath: join(folder, "docker.sock") };
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
    if (this.refusals > 0) {
      this.refusals -= 1;
      send(response, 500, { message: "the engine is not well" });
    } else if (request.method === "DELETE") {
      this.#remove(url, response);
    } else {
      send(response, 200, this.#list(url));
    }
  }

  #list(url: URL): unknown {
    const { label } = JSON.parse(url.searchParams.get("filters") ?? "{}") as { label: readonly string[] };
    const has = ({ labels }: LabelledResource): boolean =>
      label.every((each) => {
        const [name = "", ...value] = each.split("=");
        return name in labels && (value.length === 0 || labels[name] === value.join("="));
      });
    const of = (kind: string): readonly LabelledResource[] =>
      this.resources.filter((each) => each.kind === kind && has(each));
    switch (url.pathname) {
      case "/containers/json":
        if (url.searchParams.get("all") !== "1") return [];
        return of("container").map(({ id, name, labels }) => ({
          Id: id,
          Names: [`/${name}`],
          Labels: labels,
        }));
      case "/networks":
        return of("network").map(({ id, name, labels }) => ({ Id: id, Name: name, Labels: labels }));
      case "/volumes":
        return {
          Volumes: of("volume").map(({ id, labels }) => ({ Name: id, Labels: labels })),
          Warnings: null,
        };
      default:
        throw new Error(`not part of this engine: ${url.pathname}`);
    }
  }

  #remove(url: URL, response: ServerResponse): void {
    const [, kinds = "", id = ""] = url.pathname.split("/");
    const found = this.resources.find(
      (each) => `${each.kind}s` === kinds && each.id === decodeURIComponent(id),
    );
    const answer = this.answers.get(found?.name ?? "")?.shift();
    if (answer !== undefined) {
      send(response, answer, { message: `this is answer ${answer}` });
    } else if (found === undefined) {
      send(response, 404, { message: "no such thing" });
    } else if (found.kind === "container" && url.search !== "?force=1&v=1") {
      send(response, 409, { message: "you cannot remove a running container" });
    } else if (found.kind !== "container" && this.resources.some(({ kind }) => kind === "container")) {
      send(response, 403, { message: `${found.name} has active endpoints` });
    } else {
      this.resources = this.resources.filter((each) => each !== found);
      this.removed.push(found.name);
      send(response, 204);
    }
  }
}

function send(response: ServerResponse, status: number, body?: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}
