import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { docker } from "./engine.ts";

/** In PEM. */
interface Identity {
  readonly cert: string;
  readonly key: string;
}

interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** A wire between a program and the engine, to be cut and frozen without harm to anybody else's. */
export class EngineRelay implements AsyncDisposable {
  /** What a program needs in its environment to use the engine by this wire. */
  readonly environment: Readonly<Record<string, string>>;
  /** Where programs reach the engine by this wire, as DOCKER_HOST names it. */
  readonly url: string;
  /** Connections until now. */
  connections = 0;
  readonly #folder: string;
  readonly #listenOn: Endpoint | { readonly path: string };
  readonly #tls: Identity | undefined;
  readonly #upstream: () => Socket;
  readonly #wires = new Set<readonly [Socket, Socket]>();
  #server: Server | undefined;
  #frozen = false;

  private constructor(
    folder: string,
    tcp: Endpoint | undefined,
    tls: Identity | undefined,
    upstream: () => Socket,
  ) {
    const path = join(folder, "docker.sock");
    this.#folder = folder;
    this.#listenOn = tcp ?? { path };
    this.#tls = tls;
    this.#upstream = upstream;
    const host = tcp?.host.includes(":") === true ? `[${tcp.host}]` : tcp?.host;
    this.url = tcp === undefined ? `unix://${path}` : `tcp://${host}:${tcp.port}`;
    this.environment = { DOCKER_HOST: this.url };
  }

  /**
   * @param at address of this machine at which programs reach it; without one they do by a socket.
   * @param tls certificate and key that the wire has, and that programs have to have as well.
   */
  static async start(at?: "127.0.0.1" | "::1", tls?: Identity): Promise<EngineRelay> {
    const { modem } = await docker();
    const { socketPath, host, port } = modem as { socketPath?: string; host?: string; port?: number };
    const upstream = (): Socket =>
      socketPath === undefined
        ? connect({ host: host ?? "localhost", port: Number(port) })
        : connect(socketPath);
    const folder = await mkdtemp(join(tmpdir(), "trc-engine-"));
    const relay = new EngineRelay(
      folder,
      at === undefined ? undefined : await freeEndpoint(at),
      tls,
      upstream,
    );
    await relay.restore();
    return relay;
  }

  /** Every connection breaks, and nobody listens any more. */
  async cut(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const wire of this.#wires) for (const end of wire) end.destroy();
    if (server?.listening === true) {
      server.close();
      await once(server, "close");
    }
  }

  /** Undoes a cut. */
  async restore(): Promise<void> {
    const attach = (client: Socket): void => this.#join(client);
    this.#server =
      this.#tls === undefined
        ? createServer({ allowHalfOpen: true }, attach)
        : createTlsServer(
            { ...this.#tls, ca: this.#tls.cert, requestCert: true, allowHalfOpen: true },
            attach,
          );
    await once(this.#server.listen(this.#listenOn), "listening");
  }

  /** Connections stay, new ones are taken, and nothing passes. */
  freeze(): void {
    this.#frozen = true;
    for (const [client, upstream] of this.#wires) {
      client.unpipe(upstream).pause();
      upstream.unpipe(client).pause();
    }
  }

  /** Everything that was held back passes. */
  thaw(): void {
    this.#frozen = false;
    for (const [client, upstream] of this.#wires) {
      client.pipe(upstream);
      upstream.pipe(client);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cut();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #join(client: Socket): void {
    this.connections += 1;
    const upstream = this.#upstream();
    const wire = [client, upstream] as const;
    this.#wires.add(wire);
    for (const [end, other] of [wire, [upstream, client] as const]) {
      end.on("error", () => other.destroy());
      end.once("close", () => {
        this.#wires.delete(wire);
        // What a frozen end has not been told yet, it is not to be told at all.
        other.destroySoon();
      });
    }
    if (this.#frozen) return;
    client.pipe(upstream);
    upstream.pipe(client);
  }
}

async function freeEndpoint(host: string): Promise<Endpoint> {
  const server = createServer();
  await once(server.listen(0, host), "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return { host, port };
}
