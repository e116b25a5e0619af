import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { type EngineEndpoint, findEngineEndpoint } from "./engine-endpoint.ts";

/** A request of a program to the engine. */
export interface EngineRequest {
  readonly method: string;
  /** The path without the API version and the query. */
  readonly path: string;
  /** The API version that the path requests, such as "1.44"; undefined if the engine chooses. */
  readonly apiVersion: string | undefined;
  /** The index of the request in the order of arrival, from 0. */
  readonly position: number;
  readonly body: Buffer;
}

type Handling =
  | "pass"
  | "unseen"
  | "unanswered"
  | "hang"
  | { readonly status: number; readonly message: string }
  | { readonly status: number; readonly body: object };

/**
 * How the relay handles a request:
 *
 * - `"pass"` forwards it.
 * - `"unseen"` closes the connection before the engine receives the request.
 * - `"unanswered"` forwards it, and closes the connection instead of answering.
 * - `"hang"` forwards it, and never answers.
 * - A status and a message or another body are the answer. The engine does not receive the request.
 */
export type RequestHandling = Handling | Promise<Handling>;

/** A relay between a program and the engine that decides how each request is handled. */
export class RequestRelay implements AsyncDisposable {
  /** The environment variables with which a program uses the engine through this relay. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly requests: EngineRequest[] = [];
  readonly #folder: string;
  readonly #server: Server;
  readonly #engine: EngineEndpoint;

  private constructor(folder: string, server: Server, engine: EngineEndpoint) {
    this.#folder = folder;
    this.#server = server;
    this.#engine = engine;
    this.environment = { ...engine.environment, DOCKER_HOST: `unix://${join(folder, "docker.sock")}` };
  }

  static async start(decide: (request: EngineRequest) => RequestHandling): Promise<RequestRelay> {
    const engine = await findEngineEndpoint();
    const folder = await mkdtemp(join(tmpdir(), "trc-requests-"));
    // dockerode also puts the whole body of a request into its URL.
    const server = createServer({ maxHeaderSize: 1024 ** 2 }, (incoming, answer) => {
      relay
        .#handle(incoming, answer, decide)
        // For the program, any failure of the relay is a closed connection.
        .catch(() => answer.destroy());
    });
    const relay = new RequestRelay(folder, server, engine);
    await once(server.listen(join(folder, "docker.sock")), "listening");
    return relay;
  }

  async #handle(
    incoming: IncomingMessage,
    answer: ServerResponse,
    decide: (request: EngineRequest) => RequestHandling,
  ): Promise<void> {
    const { method = "GET", url = "/", headers } = incoming;
    const [, apiVersion, path = "/"] = /^(?:\/v([\d.]+))?([^?]*)/.exec(url) ?? [];
    // Bodies are small, because no image is built through a relay.
    const body = await buffer(incoming);
    const received: EngineRequest = { method, path, apiVersion, position: this.requests.length, body };
    this.requests.push(received);
    const handling = await decide(received);
    if (handling === "unseen") {
      answer.destroy();
      return;
    }
    if (typeof handling === "object") {
      answer.writeHead(handling.status, { "content-type": "application/json" });
      answer.end(JSON.stringify("body" in handling ? handling.body : { message: handling.message }));
      return;
    }
    const outgoing = request({
      createConnection: () => this.#engine.connect(),
      method,
      path: url,
      headers: withContentLength(headers, body),
    });
    answer.once("close", () => outgoing.destroy());
    outgoing.end(body);
    const [response] = (await once(outgoing, "response")) as [IncomingMessage];
    if (handling === "pass") {
      answer.writeHead(response.statusCode ?? 500, response.headers);
      answer.flushHeaders();
      response.pipe(answer);
      return;
    }
    // The answer to /events never ends.
    if (path !== "/events") await buffer(response);
    if (handling === "unanswered") answer.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
    await this.#engine[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function withContentLength(headers: IncomingMessage["headers"], body: Buffer): IncomingMessage["headers"] {
  const { "transfer-encoding": chunked, ...rest } = headers;
  return chunked === undefined ? rest : { ...rest, "content-length": String(body.length) };
}
