/** The members of an ioredis client that {@link OpenClients} uses. */
interface Closable {
  on(event: "end" | "connecting", listener: () => void): unknown;
  disconnect(): void;
}

/** Who closes a group of clients: a client, its duplicates, and what the same handle has opened. */
interface Group<Client extends Closable> {
  owner: OpenClients<Client>;
}

/**
 * Tracks clients and their duplicates until they are closed. A client that was closed is tracked again if its user connects it
 * again.
 */
export class OpenClients<Client extends Closable> {
  readonly #open = new Set<Client>();
  /** The groups whose clients this object owns. Clients that are opened from now on belong to the last one. */
  #groups: readonly Group<Client>[] = [{ owner: this }];
  #closed = false;

  /**
   * The function that tracks a client, and later each duplicate of it, also after these clients were handed over. After
   * {@link close}, it disconnects the client immediately, and whenever it connects again.
   */
  get track(): (client: Client) => void {
    const group = this.#groups.at(-1) as Group<Client>;
    return (client) => {
      client.on("end", () => group.owner.#open.delete(client));
      client.on("connecting", () => group.owner.#add(client));
      group.owner.#add(client);
    };
  }

  /** Hands all clients, and the duplicates that they will have, over to a new object. Clients that are opened later stay here. */
  handOver(): OpenClients<Client> {
    const next = new OpenClients<Client>();
    for (const client of this.takeAll()) next.#add(client);
    for (const group of this.#groups) group.owner = next;
    next.#groups = [...this.#groups, ...next.#groups];
    this.#groups = [{ owner: this }];
    return next;
  }

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

  #add(client: Client): void {
    if (this.#closed) client.disconnect();
    else this.#open.add(client);
  }
}
