/** What a registry needs to know about a client of ioredis, or one of its duplicates. */
interface Closable {
  on(event: "end" | "connecting", listener: () => void): unknown;
  disconnect(): void;
}

/**
 * The clients that were created here and are not closed yet, duplicates included. A client that was closed and is connected
 * again by its user is tracked again.
 */
export class OpenClients<Client extends Closable> {
  readonly #open = new Set<Client>();
  #closed = false;

  /** Tracks a client from now on. After {@link close} it is disconnected at once, and whenever it connects again. */
  readonly track = (client: Client): void => {
    const add = (): void => {
      if (this.#closed) client.disconnect();
      else this.#open.add(client);
    };
    client.on("end", () => this.#open.delete(client));
    client.on("connecting", add);
    add();
  };

  /** Stops tracking all clients and returns them, for the caller to close. */
  takeAll(): readonly Client[] {
    const clients = [...this.#open];
    this.#open.clear();
    return clients;
  }

  /** As {@link takeAll}; clients that are created or connected from now on are disconnected. */
  close(): readonly Client[] {
    this.#closed = true;
    return this.takeAll();
  }
}
