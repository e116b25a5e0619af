import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { type EngineEndpoint, findEngineEndpoint } from "./engine-endpoint.ts";

/** A certificate and its private key, in PEM. */
interface Identity {
  readonly cert: string;
  readonly key: string;
}

interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** A relay between a program and the engine, which a test can cut or freeze without affecting other programs. */
export class EngineRelay implements AsyncDisposable {
  /** The environment variables with which a program uses the engine through this relay. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The address of this relay, in the format of DOCKER_HOST. */
  readonly url: string;
  /** The number of connections that programs have opened so far. */
  connectionCount = 0;
  readonly #folder: string;
  readonly #listenOn: Endpoint | { readonly path: string };
  readonly #tls: Identity | undefined;
  readonly #engine: EngineEndpoint;
  readonly #connections = new Set<readonly [Socket, Socket]>();
  #server: Server | undefined;
  #frozen = false;

  private constructor(
    folder: string,
    tcp: Endpoint | undefined,
    tls: Identity | undefined,
    engine: EngineEndpoint,
  ) {
    const path = join(folder, "docker.sock");
    this.#folder = folder;
    this.#listenOn = tcp ?? { path };
    this.#tls = tls;
    this.#engine = engine;
    const host = tcp?.host.includes(":") === true ? `[${tcp.host}]` : tcp?.host;
    this.url = tcp === undefined ? `unix://${path}` : `tcp://${host}:${tcp.port}`;
    this.environment = { ...engine.environment, DOCKER_HOST: this.url };
  }

  /**
   * @param at the address of this machine on which the relay listens. Without one, it listens on a Unix socket.
   * @param tls the certificate and key of the relay, which programs must use as well.
   */
  static async start(at?: "127.0.0.1" | "::1", tls?: Identity): Promise<EngineRelay> {
    const engine = await findEngineEndpoint();
    const folder = await mkdtemp(join(tmpdir(), "trc-engine-"));
    const relay = new EngineRelay(folder, at === undefined ? undefined : await freeEndpoint(at), tls, engine);
    try {
      await relay.restore();
      return relay;
    } catch (error) {
      await relay[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Closes all connections and stops listening. */
  async cut(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const ends of this.#connections) for (const end of ends) end.destroy();
    if (server?.listening === true) {
      server.close();
      await once(server, "close");
    }
  }

  /** Starts listening again after a cut. */
  async restore(): Promise<void> {
    const attach = (client: Socket): void => this.#forward(client);
    this.#server =
      this.#tls === undefined
        ? createServer({ allowHalfOpen: true }, attach)
        : createTlsServer(
            { ...this.#tls, ca: this.#tls.cert, requestCert: true, allowHalfOpen: true },
            attach,
          );
    await once(this.#server.listen(this.#listenOn), "listening");
  }

  /** Stops forwarding data. Existing connections stay open, and new connections are accepted. */
  freeze(): void {
    this.#frozen = true;
    for (const [client, upstream] of this.#connections) {
      client.unpipe(upstream).pause();
      upstream.unpipe(client).pause();
    }
  }

  /** Forwards data again, including the data that was held back. */
  thaw(): void {
    this.#frozen = false;
    for (const [client, upstream] of this.#connections) {
      client.pipe(upstream);
      upstream.pipe(client);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cut();
    await this.#engine[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #forward(client: Socket): void {
    this.connectionCount += 1;
    const upstream = this.#engine.connect();
    const connection = [client, upstream] as const;
    this.#connections.add(connection);
    for (const [end, other] of [connection, [upstream, client] as const]) {
      end.on("error", () => other.destroy());
      end.once("close", () => {
        this.#connections.delete(connection);
        // If the relay is frozen, the data that it holds back is discarded.
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
