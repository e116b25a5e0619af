import { randomBytes, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { readLine } from "./read-line.ts";
import type { LeaseQueue } from "./lease-queue.ts";
import type { LeaseAddress } from "./shared-cluster.ts";

/**
 * What a line to the server says. The answer is one line: the baseline, the seed (empty if there is none), the network faults as JSON, `granted` for a
 * lease, `kept` for what was to be noted, or the end.
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

/** What the server hands out and takes back. */
export interface LeaseState {
  readonly queue: LeaseQueue;
  readonly networkFaults: Map<string, readonly string[]>;
  baseline: string;
  /** The seed as text; empty if there is none. */
  readonly seed: () => string;
}

/**
 * Hands out a cluster's lease to other processes on this machine, and keeps what they have to know of each other: the
 * baseline, and faults in force. A lease lasts as long as its connection, so that one whose holder dies is free again.
 * It keeps no process alive.
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

  static async start(kept: LeaseState): Promise<LeaseServer> {
    const token = randomBytes(16).toString("hex");
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket.unref());
      socket.once("close", () => sockets.delete(socket));
      // One request a connection. A holder that dies resets its connection, and its "close" says the same.
      serve(socket, token, kept).catch(() => socket.destroy());
    });
    server.listen({ host: "127.0.0.1", port: 0 }).unref();
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new TypeError("A TCP server has a port.");
    return new LeaseServer(server, sockets, { port: address.port, token });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, "close");
  }
}

async function serve(socket: Socket, token: string, kept: LeaseState): Promise<void> {
  const closed = new AbortController();
  socket.once("close", () => closed.abort());
  await answer(await readLine(socket), socket, token, kept, closed.signal);
}

async function answer(
  line: string,
  socket: Socket,
  token: string,
  kept: LeaseState,
  closed: AbortSignal,
): Promise<void> {
  const request = JSON.parse(line) as LeaseRequest;
  if (!isToken(request.token, token)) {
    socket.destroy();
    return;
  }
  switch (request.ask) {
    case "baseline":
      socket.end(`${kept.baseline}\n`);
      return;
    case "seed":
      socket.end(`${kept.seed()}\n`);
      return;
    case "keep":
      kept.baseline = request.baseline;
      socket.end("kept\n");
      return;
    case "faults":
      socket.end(`${JSON.stringify([...kept.networkFaults])}\n`);
      return;
    case "note":
      kept.networkFaults.set(request.fault, request.nodes);
      socket.end("kept\n");
      return;
    case "forget":
      for (const fault of request.faults) kept.networkFaults.delete(fault);
      socket.end("kept\n");
      return;
    case "lease": {
      const release = await kept.queue.acquire(closed);
      if (closed.aborted) release();
      else {
        closed.addEventListener("abort", release, { once: true });
        socket.write("granted\n");
      }
    }
  }
}

function isToken(given: unknown, token: string): boolean {
  const text = Buffer.from(typeof given === "string" ? given : "");
  return text.length === token.length && timingSafeEqual(text, Buffer.from(token));
}
