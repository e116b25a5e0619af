import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import ssh2 from "ssh2";

/** How a server differs from one with the defaults of OpenSSH. */
interface Behaviour {
  /** The number of sessions that a connection may have. @default 10 */
  readonly maxSessions?: number;
  /** What the command prints to standard error before it ends with exit code 127. By default it reaches the engine. */
  readonly failure?: string;
}

/** An SSH server on loopback behind which is an engine. Everyone may log in. */
export class SshServer implements AsyncDisposable {
  /** The number of connections that were opened so far. */
  connections = 0;
  /** The largest number of connections that had not logged in at the same time. */
  mostUnknown = 0;
  /** The number of sessions that were opened so far. */
  sessions = 0;
  readonly #open = new Set<ssh2.Connection>();
  readonly #server: ssh2.Server;

  private constructor(connect: () => Socket, { maxSessions = 10, failure }: Behaviour) {
    const { privateKey: hostKey } = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs1", format: "pem" },
    });
    let unknown = 0;
    this.#server = new ssh2.Server({ hostKeys: [hostKey] }, (client) => {
      let sessions = 0;
      this.connections += 1;
      unknown += 1;
      this.mostUnknown = Math.max(this.mostUnknown, unknown);
      this.#open.add(client);
      client.on("error", () => {});
      client.on("close", () => this.#open.delete(client));
      client.on("authentication", (context) => context.accept());
      client.on("ready", () => {
        unknown -= 1;
      });
      client.on("session", (accept, reject) => {
        if (sessions === maxSessions) {
          reject();
          return;
        }
        sessions += 1;
        this.sessions += 1;
        const session = accept();
        session.on("close", () => {
          sessions -= 1;
        });
        session.on("exec", (acceptCommand, _reject, { command }) => {
          const channel = acceptCommand();
          if (failure !== undefined || command !== "docker system dial-stdio") {
            channel.stderr.write(failure ?? `unexpected command: ${command}`);
            channel.exit(127);
            channel.end();
            return;
          }
          const engine = connect();
          engine.on("error", () => channel.close());
          engine.on("end", () => {
            channel.exit(0);
            channel.end();
          });
          channel.on("close", () => engine.destroy());
          channel.pipe(engine);
          engine.pipe(channel, { end: false });
        });
      });
    });
  }

  /** @param connect connects to the engine. */
  static async start(connect: () => Socket, behaviour: Behaviour = {}): Promise<SshServer> {
    const server = new SshServer(connect, behaviour);
    server.#server.listen(0, "127.0.0.1");
    await once(server.#server, "listening");
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ends all connections, as a restart of the server does. */
  disconnect(): void {
    for (const client of this.#open) client.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disconnect();
    const closed = once(this.#server, "close");
    this.#server.close();
    await closed;
  }
}
