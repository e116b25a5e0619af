import { Agent, type ClientRequestArgs } from "node:http";
import type { Duplex } from "node:stream";
import type { ChannelSocket } from "./channel-socket.ts";
import { SshConnection, type SshTarget } from "./ssh-connection.ts";

/** The command with which the Docker client reaches an engine through SSH (docker/cli, `cli/connhelper`). */
const COMMAND = "docker system dial-stdio";
/** How many channels wait for the next request, and for how long, in milliseconds. */
const MAX_IDLE_CHANNELS = 4;
const IDLE_TIMEOUT_MS = 10_000;

/**
 * Sends HTTP requests to an engine through SSH. All requests share a few connections, which are opened one after the other: servers
 * refuse connections if many are not logged in yet (`MaxStartups` of OpenSSH, 10 by default), and a login takes longer than most
 * requests.
 */
export class SshAgent extends Agent {
  readonly #target: SshTarget;
  readonly #connections = new Set<SshConnection>();
  #opening: Promise<void> | undefined;

  constructor(target: SshTarget) {
    super({ keepAlive: true, maxFreeSockets: MAX_IDLE_CHANNELS, timeout: IDLE_TIMEOUT_MS });
    this.#target = target;
  }

  override createConnection(
    _options: ClientRequestArgs,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    void this.#answer(callback);
  }

  async #answer(callback: ((error: Error | null, stream: Duplex) => void) | undefined): Promise<void> {
    let channel: ChannelSocket;
    try {
      channel = await this.#openChannel();
    } catch (error) {
      callback?.(error as Error, undefined as never);
      return;
    }
    callback?.(null, channel);
  }

  async #openChannel(): Promise<ChannelSocket> {
    for (;;) {
      const connection = [...this.#connections].find(({ hasRoom }) => hasRoom);
      if (connection === undefined) {
        this.#opening ??= this.#connect();
        await this.#opening;
        continue;
      }
      const channel = await connection.run(COMMAND);
      if (channel !== undefined) return channel;
    }
  }

  async #connect(): Promise<void> {
    try {
      const connection: SshConnection = await SshConnection.open(this.#target, () => {
        this.#connections.delete(connection);
      });
      this.#connections.add(connection);
    } finally {
      this.#opening = undefined;
    }
  }
}
