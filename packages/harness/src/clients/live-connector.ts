import { createConnection, type NetConnectOpts, Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { AbstractConnector, type RedisOptions } from "ioredis";
import { clearTimeout, setTimeout } from "../clock/real-time.ts";
import type { HostAndPort, NodePlan } from "../plan/cluster-plan.ts";
import { type AddressTable, networkAddress } from "./address-table.ts";

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
 * client of one node therefore looks up the address at each attempt, and disconnects from an address that no longer belongs to the
 * node. In contrast to `StandaloneConnector` of ioredis, the connector uses real timers.
 *
 * With direct access, an attempt to connect to a node that is known to have stopped is refused at once. Otherwise nothing would
 * answer, and the attempt would fail only after seconds.
 *
 * @param node the node to connect to. @default the node at the `host` and `port` in the options of the client
 */
export function createLiveConnector(addresses: AddressTable, node?: NodePlan): Connector {
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
      if (node !== undefined) Object.assign(this.#options, addresses.reach(node));
      const { host = "", port = 0, family, tls } = this.#options;
      const target = { host, port };
      const stream = addresses.isStopped(target)
        ? refuse(target)
        : open({ ...target, ...(family === undefined ? {} : { family }) }, tls);
      this.stream = stream;
      stream.once("error", (error) => {
        this.firstError = error;
      });
      const unsubscribe = addresses.onChange(node === undefined ? target : networkAddress(node), () => {
        const current = node === undefined ? target : addresses.reach(node);
        // A pending attempt belongs to a process of the node that has ended. So does a connection on which nothing has arrived:
        // Podman itself listens at published ports, and accepts what it does not forward while the node restarts.
        if (stream.bytesRead === 0 || current.host !== host || current.port !== port) stream.destroy();
      });
      stream.once("close", unsubscribe);
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

function open(target: NetConnectOpts, tls: object | undefined): Socket {
  return tls === undefined ? createConnection(target) : connectTls({ ...target, ...tls });
}

/** Returns a socket that fails as if the kernel of a running machine had refused the connection. */
function refuse({ host, port }: HostAndPort): Socket {
  const message = `connect ECONNREFUSED ${host}:${port} (the node has stopped)`;
  return new Socket().destroy(
    Object.assign(new Error(message), { code: "ECONNREFUSED", address: host, port }),
  );
}
