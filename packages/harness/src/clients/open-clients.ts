/** The members of an ioredis client that {@link OpenClients} uses. */
interface Closable {
  on(event: "end" | "connecting", listener: () => void): unknown;
  disconnect(): void;
}

/**
 * Tracks clients and their duplicates until they are closed. A client that was closed is tracked again if its user connects it
 * again.
 */
export class OpenClients<Client extends Closable> {
  readonly #open = new Set<Client>();
  #closed = false;

  /** Tracks a client. After {@link close}, disconnects the client immediately, and whenever it connects again. */
  readonly track = (client: Client): void => {
    const add = (): void => {
      if (this.#closed) client.disconnect();
      else this.#open.add(client);
    };
    client.on("end", () => this.#open.delete(client));
    client.on("connecting", add);
    add();
  };

  /** Stops tracking all clients and returns them, so that the caller can close them. */
  takeAll(): readonly Client[] {
    const clients = [...this.#open];
    this.#open.clear();
    return clients;
  }

  /** Does what {@link takeAll} does. Clients that are tracked or connected later are disconnected. */
  close(): readonly Client[] {
    this.#closed = true;
    return this.takeAll();
  }
}
