import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { docker } from "./engine.ts";

/** A wire between a program and the engine, to be cut and frozen without harm to anybody else's. */
export class EngineRelay implements AsyncDisposable {
  /** What a program needs in its environment to use the engine by this wire. */
  readonly environment: Readonly<Record<string, string>>;
  readonly #folder: string;
  readonly #path: string;
  readonly #upstream: () => Socket;
  readonly #wires = new Set<readonly [Socket, Socket]>();
  #server: Server | undefined;
  #frozen = false;

  private constructor(folder: string, upstream: () => Socket) {
    this.#folder = folder;
    this.#path = join(folder, "docker.sock");
    this.#upstream = upstream;
    this.environment = { DOCKER_HOST: `unix://${this.#path}` };
  }

  static async start(): Promise<EngineRelay> {
    const { modem } = await docker();
    const { socketPath, host, port } = modem as { socketPath?: string; host?: string; port?: number };
    const upstream = (): Socket =>
      socketPath === undefined
        ? connect({ host: host ?? "localhost", port: Number(port) })
        : connect(socketPath);
    const relay = new EngineRelay(await mkdtemp(join(tmpdir(), "trc-engine-")), upstream);
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
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#join(client));
    await once(this.#server.listen(this.#path), "listening");
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
