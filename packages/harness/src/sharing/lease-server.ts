import { randomBytes, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { readLine } from "./read-line.ts";
import type { LeaseQueue } from "./lease-queue.ts";
import type { LeaseAddress } from "./shared-cluster.ts";

/**
 * A request to the server: one line of JSON. The server answers with one line and closes the connection. The line is the
 * baseline, the seed (empty if the cluster has none), the network faults as JSON, or `kept` if something was recorded or
 * forgotten. The answer to `lease` is `granted`, and the connection stays open. A request with a wrong token is not answered.
 */
export type LeaseRequest =
  | { readonly token: string; readonly ask: "baseline" }
  | { readonly token: string; readonly ask: "seed" }
  | { readonly token: string; readonly ask: "lease" }
  | { readonly token: string; readonly ask: "keep"; readonly baseline: string }
  | { readonly token: string; readonly ask: "faults" }
  | {
      readonly token: string;
      readonly ask: "note";
      readonly fault: string;
      readonly nodes: readonly string[];
    }
  | { readonly token: string; readonly ask: "forget"; readonly faults: readonly string[] };

/** What the server provides to other processes. */
export interface LeaseState {
  readonly queue: LeaseQueue;
  readonly networkFaults: Map<string, readonly string[]>;
  /** The encoded baseline. */
  baseline: string;
  /** Returns the encoded seed, or an empty string if the cluster has none. */
  readonly seed: () => string;
}

/**
 * Grants the lease of a cluster to other processes on this host, and stores what all of them must know: the baseline and the
 * active network faults. A lease ends with its connection, so the death of its holder releases it. The server does not keep its
 * process alive.
 */
export class LeaseServer implements AsyncDisposable {
  readonly address: LeaseAddress;
  readonly #server: Server;
  readonly #sockets: ReadonlySet<Socket>;

  private constructor(server: Server, sockets: ReadonlySet<Socket>, address: LeaseAddress) {
    this.#server = server;
    this.#sockets = sockets;
    this.address = address;
  }

  static async start(state: LeaseState): Promise<LeaseServer> {
    const token = randomBytes(16).toString("hex");
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket.unref());
      socket.once("close", () => sockets.delete(socket));
      // One request per connection. If the other process dies, its connection is reset, which also emits "close".
      serve(socket, token, state).catch(() => socket.destroy());
    });
    server.listen({ host: "127.0.0.1", port: 0 }).unref();
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string")
      throw new TypeError("The lease server has no TCP port.");
    return new LeaseServer(server, sockets, { port: address.port, token });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, "close");
  }
}

async function serve(socket: Socket, token: string, state: LeaseState): Promise<void> {
  const closed = new AbortController();
  socket.once("close", () => closed.abort());
  await answerRequest(await readLine(socket), socket, token, state, closed.signal);
}

async function answerRequest(
  line: string,
  socket: Socket,
  token: string,
  state: LeaseState,
  closed: AbortSignal,
): Promise<void> {
  const request = JSON.parse(line) as LeaseRequest;
  if (!isToken(request.token, token)) {
    socket.destroy();
    return;
  }
  switch (request.ask) {
    case "baseline":
      socket.end(`${state.baseline}\n`);
      return;
    case "seed":
      socket.end(`${state.seed()}\n`);
      return;
    case "keep":
      state.baseline = request.baseline;
      socket.end("kept\n");
      return;
    case "faults":
      socket.end(`${JSON.stringify([...state.networkFaults])}\n`);
      return;
    case "note":
      state.networkFaults.set(request.fault, request.nodes);
      socket.end("kept\n");
      return;
    case "forget":
      for (const fault of request.faults) state.networkFaults.delete(fault);
      socket.end("kept\n");
      return;
    case "lease": {
      const release = await state.queue.acquire(closed);
      if (closed.aborted) release();
      else {
        closed.addEventListener("abort", release, { once: true });
        socket.write("granted\n");
      }
    }
  }
}

function isToken(value: unknown, token: string): boolean {
  const text = Buffer.from(typeof value === "string" ? value : "");
  return text.length === token.length && timingSafeEqual(text, Buffer.from(token));
}
