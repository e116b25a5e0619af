import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { docker } from "./engine.ts";

/** One request of a program to the engine. */
export interface EngineRequest {
  readonly method: string;
  /** Without the API's version and the query. */
  readonly path: string;
  /** Its place in the order of arrival, from 0. */
  readonly position: number;
  readonly body: Buffer;
}

/**
 * What becomes of a request: it passes; it passes when a promise resolves; the connection breaks before the engine sees it;
 * the engine does it and the connection breaks before the answer; no answer ever comes, though the engine does it; or the
 * answer is a status with a message, and the engine does not see the request.
 */
export type Fate =
  | "pass"
  | "unseen"
  | "unanswered"
  | "hang"
  | Promise<void>
  | { readonly status: number; readonly message: string };

/** Stands between a program and the engine, and decides about each request. */
export class RequestRelay implements AsyncDisposable {
  /** What a program needs in its environment to use the engine through this relay. */
  readonly environment: Readonly<Record<string, string>>;
  readonly requests: EngineRequest[] = [];
  readonly #folder: string;
  readonly #server: Server;

  private constructor(folder: string, server: Server) {
    this.#folder = folder;
    this.#server = server;
    this.environment = { DOCKER_HOST: `unix://${join(folder, "docker.sock")}` };
  }

  static async start(decide: (request: EngineRequest) => Fate): Promise<RequestRelay> {
    const { modem } = await docker();
    const { socketPath, host, port } = modem as { socketPath?: string; host?: string; port?: number };
    const upstream = socketPath === undefined ? { host, port } : { socketPath };
    const folder = await mkdtemp(join(tmpdir(), "trc-requests-"));
    // dockerode repeats a request's whole body in its address.
    const server = createServer({ maxHeaderSize: 1024 ** 2 }, (incoming, answer) => {
      relay
        .#pass(incoming, answer, upstream, decide)
        // Whatever goes wrong on the way is a connection that breaks.
        .catch(() => answer.destroy());
    });
    const relay = new RequestRelay(folder, server);
    await once(server.listen(join(folder, "docker.sock")), "listening");
    return relay;
  }

  async #pass(
    incoming: IncomingMessage,
    answer: ServerResponse,
    upstream: object,
    decide: (request: EngineRequest) => Fate,
  ): Promise<void> {
    const { method = "GET", url = "/", headers } = incoming;
    const path = (url.split("?")[0] ?? "").replace(/^\/v[\d.]+/, "");
    // An engine's request bodies are small here: no image is built through a relay.
    const body = await buffer(incoming);
    const seen: EngineRequest = { method, path, position: this.requests.length, body };
    this.requests.push(seen);
    const decided = decide(seen);
    const fate = decided instanceof Promise ? await decided.then(() => "pass" as const) : decided;
    if (fate === "unseen") {
      answer.destroy();
      return;
    }
    if (typeof fate === "object") {
      answer.writeHead(fate.status, { "content-type": "application/json" });
      answer.end(JSON.stringify({ message: fate.message }));
      return;
    }
    const outgoing = request({ ...upstream, method, path: url, headers: withLength(headers, body) });
    answer.once("close", () => outgoing.destroy());
    outgoing.end(body);
    const [response] = (await once(outgoing, "response")) as [IncomingMessage];
    if (fate === "pass") {
      answer.writeHead(response.statusCode ?? 500, response.headers);
      answer.flushHeaders();
      response.pipe(answer);
      return;
    }
    // An endless answer, such as that of the events, is not waited for.
    if (path !== "/events") await buffer(response);
    if (fate === "unanswered") answer.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function withLength(headers: IncomingMessage["headers"], body: Buffer): IncomingMessage["headers"] {
  const { "transfer-encoding": chunked, ...rest } = headers;
  return chunked === undefined ? rest : { ...rest, "content-length": String(body.length) };
}
