import { createConnection, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { AbstractConnector, type RedisOptions } from "ioredis";
import { clearTimeout, setTimeout } from "../clock/real-time.ts";
import type { HostAndPort } from "../plan/cluster-plan.ts";

/** A place that can move: the mapped address of one node. */
export interface LiveAddress {
  now(): HostAndPort;
  /** Calls back when the address has changed. Returns a function that ends the subscription. */
  onChange(listener: () => void): () => void;
}

type Connector = NonNullable<RedisOptions["Connector"]>;
/** The part of a client's options that a connector reads, and updates with the address that it connects to. */
interface ConnectorOptions {
  host?: string;
  port?: number;
  family?: number;
  tls?: object;
  disconnectTimeout: number;
}

/**
 * Returns an ioredis connector class. ioredis creates one instance for each client, also for each `duplicate()`, so every
 * copy of a client looks the address up itself at each attempt, and leaves an address that no longer belongs to the node.
 * The connector differs from ioredis' own (`StandaloneConnector`) in one more point: its timers are real ones.
 *
 * @param address where to connect. Default: the `host` and `port` of the client's options.
 */
export function connectorTo(address?: LiveAddress): Connector {
  return class LiveConnector extends AbstractConnector {
    readonly #options: ConnectorOptions;

    constructor(options: unknown) {
      const own = options as ConnectorOptions;
      super(own.disconnectTimeout);
      this.#options = own;
    }

    override async connect(): Promise<Socket> {
      this.connecting = true;
      // ioredis continues in a later turn as well: the caller attaches its listeners first.
      await Promise.resolve();
      if (!this.connecting) throw new Error("Connection is closed.");
      // Error messages and traces read the options.
      Object.assign(this.#options, address?.now());
      const { host, port, family, tls } = this.#options;
      const target = { host, port, ...(family === undefined ? {} : { family }) } as {
        host: string;
        port: number;
      };
      const stream = tls === undefined ? createConnection(target) : connectTls({ ...target, ...tls });
      this.stream = stream;
      stream.once("error", (error) => {
        this.firstError = error;
      });
      if (address !== undefined) {
        const forget = address.onChange(() => {
          const now = address.now();
          if (now.host !== host || now.port !== port) stream.destroy();
        });
        stream.once("close", forget);
      }
      return stream;
    }

    override disconnect(): void {
      this.connecting = false;
      const { stream } = this;
      if (stream === undefined || stream.destroyed) return;
      if (stream.connecting) {
        stream.destroy();
        return;
      }
      const timer = setTimeout(() => stream.destroy(), this.#options.disconnectTimeout);
      stream.once("close", () => clearTimeout(timer));
      stream.end();
    }
  };
}
