import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Client, ConnectConfig } from "ssh2";
import { ChannelSocket } from "./channel-socket.ts";

/** `MaxSessions` of OpenSSH (sshd_config(5)). A server with a lower limit refuses a session, which lowers the limit of its connection. */
const MAX_SESSIONS = 10;
/** How long a connection is idle until the system sends a probe, in milliseconds. Otherwise routers may forget it. */
const PROBE_AFTER_MS = 15_000;

/** Where an SSH server is, and how to log in. */
export interface SshTarget {
  readonly host: string;
  readonly port: number;
  readonly config: ConnectConfig;
}

/** One connection to an SSH server, for many channels. It keeps the process alive while one of its channels does. */
export class SshConnection {
  readonly #client: Client;
  readonly #socket: Socket;
  readonly #onEnd: () => void;
  /** The number of channels that are open or being opened. */
  #channels = 0;
  #limit = MAX_SESSIONS;
  #isOpen = true;
  /** Whether a channel was opened. */
  #hasServed = false;
  /** What keeps the process alive: channels, and one object for each channel that is being opened. */
  readonly #users = new Set<object>();

  /**
   * Connects and logs in.
   *
   * @param onEnd is called when the connection has ended, which it does with its last channel.
   */
  static async open({ host, port, config }: SshTarget, onEnd: () => void): Promise<SshConnection> {
    const { Client } = await import("ssh2");
    const socket = connect({
      host,
      port,
      keepAlive: true,
      keepAliveInitialDelay: PROBE_AFTER_MS,
    });
    const client = new Client();
    // An error may be followed by another one.
    client.on("error", () => {});
    try {
      client.connect({ ...config, sock: socket });
      await once(client, "ready");
      return new SshConnection(client, socket, onEnd);
    } catch (error) {
      socket.destroy();
      throw new Error(`The SSH connection to ${host} failed: ${(error as Error).message}`, { cause: error });
    }
  }

  private constructor(client: Client, socket: Socket, onEnd: () => void) {
    this.#client = client;
    this.#socket = socket;
    this.#onEnd = onEnd;
    client.on("error", () => this.#end());
    client.on("close", () => this.#end());
  }

  /** Whether another channel may be opened. */
  get hasRoom(): boolean {
    return this.#isOpen && this.#channels < this.#limit;
  }

  /**
   * Runs a command. Returns its input and output, or undefined if this connection has no place for it: the server does not allow
   * another channel, or the connection is lost.
   */
  async run(command: string): Promise<ChannelSocket | undefined> {
    const user = {};
    this.#channels += 1;
    this.#setUsed(user, true);
    try {
      const socket = await this.#exec(command, user);
      this.#hasServed = true;
      socket.once("close", () => this.#release());
      return socket;
    } catch (error) {
      const others = this.#channels - 1;
      this.#setUsed(user, false);
      this.#release();
      if (isRefusal(error) && others > 0) {
        this.#limit = Math.min(this.#limit, others);
        return undefined;
      }
      if (!this.#hasServed) throw error;
      // The connection is lost, which this process learns only now.
      this.#end();
      return undefined;
    }
  }

  #exec(command: string, user: object): Promise<ChannelSocket> {
    const { promise, resolve, reject } = Promise.withResolvers<ChannelSocket>();
    this.#client.exec(command, (error, channel) => {
      // At once: the same packet may contain the end of the command.
      if (error === undefined || error === null)
        resolve(new ChannelSocket(channel, command, (isUsed) => this.#setUsed(user, isUsed)));
      else reject(error);
    });
    return promise;
  }

  #setUsed(user: object, isUsed: boolean): void {
    if (isUsed) this.#users.add(user);
    else this.#users.delete(user);
    if (this.#users.size > 0) this.#socket.ref();
    else this.#socket.unref();
  }

  #release(): void {
    this.#channels -= 1;
    if (this.#channels === 0) this.#end();
  }

  #end(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#client.end();
    this.#onEnd();
  }
}

/** Returns whether the server has refused to open a channel: it sets `reason` (RFC 4254, section 5.1). */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && typeof Reflect.get(error, "reason") === "number";
}
