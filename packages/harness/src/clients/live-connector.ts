import { createConnection, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { AbstractConnector, type RedisOptions } from "ioredis";
import { clearTimeout, setTimeout } from "../clock/real-time.ts";
import type { HostAndPort } from "../plan/cluster-plan.ts";

/** An address that may change: the mapped address of one node. */
export interface LiveAddress {
  current(): HostAndPort;
  /** Calls the listener when the address has changed. Returns a function that ends the subscription. */
  onChange(listener: () => void): () => void;
}

type Connector = NonNullable<RedisOptions["Connector"]>;
/** The options of a client that a connector reads. The connector updates them with the address to which it connects. */
interface ConnectorOptions {
  host?: string;
  port?: number;
  family?: number;
  tls?: object;
  disconnectTimeout: number;
}

/**
 * Returns an ioredis connector class. ioredis creates one instance for each client, also for each `duplicate()`. Every copy of a
 * client therefore looks up the address at each attempt, and disconnects from an address that no longer belongs to the node. In
 * contrast to `StandaloneConnector` of ioredis, the connector uses real timers.
 *
 * @param address the address to connect to. @default the `host` and `port` in the options of the client
 */
export function createLiveConnector(address?: LiveAddress): Connector {
  return class LiveConnector extends AbstractConnector {
    readonly #options: ConnectorOptions;

    constructor(options: unknown) {
      const own = options as ConnectorOptions;
      super(own.disconnectTimeout);
      this.#options = own;
    }

    override async connect(): Promise<Socket> {
      this.connecting = true;
      // Like ioredis, continue in a later turn, so that the caller can attach its listeners first.
      await Promise.resolve();
      if (!this.connecting) throw new Error("Connection is closed.");
      // ioredis reads the address for error messages and traces from the options.
      Object.assign(this.#options, address?.current());
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
        const unsubscribe = address.onChange(() => {
          const current = address.current();
          if (current.host !== host || current.port !== port) stream.destroy();
        });
        stream.once("close", unsubscribe);
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
