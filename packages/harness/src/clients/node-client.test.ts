import { once } from "node:events";
import { createServer as createPlain, type Server as Plain, type Socket } from "node:net";
import { createServer, type Server } from "node:tls";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type ClusterCertificates, issueCertificates } from "../certificates/cluster-certificates.ts";
import type { NodePlan } from "../plan/cluster-plan.ts";
import { planCluster } from "../plan/plan-cluster.ts";
import { parseSubnet } from "../plan/subnet.ts";
import { validateOptions } from "../plan/validate-options.ts";
import { AddressTable } from "./address-table.ts";
import { createLiveConnector } from "./live-connector.ts";
import { openNodeClient } from "./node-client.ts";
import { NodeConnection } from "./node-connection.ts";
import { withServer } from "./server.fixture.ts";
import { OpenClients } from "./open-clients.ts";

let next = 0;
const hex = (characters: number): string => String((next += 1)).padStart(characters, "0");
const PLAN = planCluster(validateOptions({}, {}), parseSubnet("10.1.0.0/24"), hex);
const NODE = PLAN.nodes[0] as NodePlan;
const addresses = new AddressTable();
let certificates: ClusterCertificates;
let server: Server;

beforeAll(async () => {
  certificates = await issueCertificates(PLAN, false, "127.0.0.1");
  server = createServer({ ...certificates.nodes[0] }, (socket) => {
    socket.on("error", () => {});
    socket.on("data", () => socket.write("+PONG\r\n"));
  });
  server.on("tlsClientError", () => {});
  await once(server.listen(0, "127.0.0.1"), "listening");
  addresses.set(NODE, { host: "127.0.0.1", port: (server.address() as { port: number }).port });
});
afterAll(() => {
  server.close();
});

/** Connects a client and sends a PING. Throws the first error of the client, or returns the answer. */
async function ping(tls: object): Promise<string> {
  const client = openNodeClient(NODE, addresses, {
    tls,
    protocol: 2,
    enableReadyCheck: false,
    disableClientInfo: true,
    maxRetriesPerRequest: 0,
  });
  try {
    const failed = once(client, "error").then(([error]) => {
      throw error as Error;
    });
    failed.catch(() => {});
    return await Promise.race([failed, client.ping().catch(() => failed)]);
  } finally {
    client.disconnect();
  }
}

test("a client with the authority accepts the mapped address of a node", async () => {
  expect(await ping({ ca: certificates.ca })).toBe("PONG");
});

test("a client rejects an unknown authority and a certificate for another address", async () => {
  await expect(ping({})).rejects.toThrow(/unable to verify|self-signed/);
  await expect(ping({ ca: certificates.ca, servername: "node-1" })).rejects.toThrow(
    /does not match certificate/,
  );
});

/** Starts a server that answers every command with its name. When it is closed, its port is free again. */
async function startServer(name: string): Promise<{ readonly port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const plain: Plain = createPlain((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", () => socket.write(`+${name}\r\n`));
  });
  await once(plain.listen(0, "127.0.0.1"), "listening");
  return {
    port: (plain.address() as { port: number }).port,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        plain.close(resolve);
      });
    },
  };
}

const PLAIN = {
  protocol: 2,
  enableReadyCheck: false,
  disableClientInfo: true,
  retryStrategy: () => 5,
} as const;
const [, ONE, TWO] = PLAN.nodes as [NodePlan, NodePlan, NodePlan];
const local = (port: number): { host: string; port: number } => ({ host: "127.0.0.1", port });

test("a client leaves an address of another node, and stays closed if disconnected", async () => {
  const table = new AddressTable();
  const [first, second] = await Promise.all([startServer("first"), startServer("second")]);
  table.set(ONE, local(first.port));
  const client = openNodeClient(ONE, table, PLAIN);
  const disconnected = openNodeClient(ONE, table, PLAIN);
  try {
    expect(await client.ping()).toBe("first");
    expect(await disconnected.ping()).toBe("first");
    disconnected.disconnect();
    // The engine assigns the port to another node, and another port to this node.
    table.set(TWO, local(first.port));
    table.set(ONE, local(second.port));
    await expect.poll(() => client.ping().catch(() => "unreachable")).toBe("second");
    expect(disconnected.status).toBe("end");
  } finally {
    client.disconnect();
    await Promise.all([first.close(), second.close()]);
  }
});

test("duplicates are tracked, find the new address, and print no errors", async () => {
  const table = new AddressTable();
  const printed = vi.spyOn(console, "error");
  const [first, second] = await Promise.all([startServer("first"), startServer("second")]);
  table.set(ONE, local(first.port));
  const open = new OpenClients<Redis>();
  const client = openNodeClient(ONE, table, PLAIN, open.track);
  const copies = [client.duplicate(), client.duplicate().duplicate({ db: 1 })];
  try {
    for (const copy of copies) expect(await copy.ping()).toBe("first");
    await first.close();
    await expect.poll(() => copies.map(({ status }) => status)).not.toContain("ready");
    table.set(ONE, local(second.port));
    for (const copy of copies) await expect.poll(() => copy.ping().catch(() => "unreachable")).toBe("second");
    expect(copies.map(({ options }) => options.port)).toEqual([second.port, second.port]);
    // The client, both copies, and the intermediate copy.
    const closed = open.close();
    expect(new Set(closed)).toEqual(new Set([client, ...copies, ...closed]));
    expect(closed).toHaveLength(4);
    for (const redis of closed) redis.disconnect();
    await expect.poll(() => closed.map(({ status }) => status)).toEqual(Array(4).fill("end"));
    expect(printed).not.toHaveBeenCalled();
  } finally {
    for (const redis of [client, ...copies]) redis.disconnect();
    printed.mockRestore();
    await second.close();
  }
});

test("a duplicate with its own address is a client of that address", async () => {
  const table = new AddressTable();
  const [first, second] = await Promise.all([startServer("first"), startServer("second")]);
  table.set(ONE, local(first.port));
  const client = openNodeClient(ONE, table, PLAIN);
  const copy = client.duplicate(local(second.port));
  try {
    expect(await copy.ping()).toBe("second");
  } finally {
    for (const redis of [client, copy]) redis.disconnect();
    await Promise.all([first.close(), second.close()]);
  }
});

test("a client that is closed between two attempts ends and rejects its commands", async () => {
  const table = new AddressTable();
  const only = await startServer("server");
  table.set(ONE, local(only.port));
  await only.close();
  const client = openNodeClient(ONE, table, {
    ...PLAIN,
    retryStrategy: () => 60_000,
    maxRetriesPerRequest: null,
  });
  const waiting = client.ping();
  await expect.poll(() => client.status).toBe("reconnecting");
  client.disconnect();
  await expect(waiting).rejects.toThrow("Connection is closed.");
  expect(client.status).toBe("end");
});

test("a client that is connected again after close() is disconnected", async () => {
  const table = new AddressTable();
  const only = await startServer("server");
  table.set(ONE, local(only.port));
  const open = new OpenClients<Redis>();
  const client = openNodeClient(ONE, table, PLAIN, open.track);
  try {
    await client.ping();
    client.disconnect();
    await expect.poll(() => client.status).toBe("end");
    await client.connect();
    // The client was connected again by its user, so it is tracked again.
    expect(open.close()).toEqual([client]);
    client.disconnect();
    await expect.poll(() => client.status).toBe("end");
    await expect(client.connect()).rejects.toThrow("Connection is closed.");
    await expect.poll(() => client.status).toBe("end");
  } finally {
    client.disconnect();
    await only.close();
  }
});

describe("under fake timers", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("a client reconnects, and leaves no timer in the fake clock", async () => {
    const table = new AddressTable();
    const [first, second] = await Promise.all([startServer("first"), startServer("second")]);
    table.set(ONE, local(first.port));
    const client = openNodeClient(ONE, table, PLAIN);
    try {
      expect(await client.ping()).toBe("first");
      await first.close();
      const reconnected = once(client, "ready");
      table.set(ONE, local(second.port));
      await reconnected;
      expect(await client.ping()).toBe("second");
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      client.disconnect();
      await second.close();
    }
  });

  test.for([
    ["a node", (table: AddressTable) => openNodeClient(ONE, table, {})],
    [
      "a published address",
      (table: AddressTable) =>
        new Redis({ ...table.reach(ONE), Connector: createLiveConnector(table), retryStrategy: () => 20 }),
    ],
  ] as const)(
    "a client of %s drops an unanswered connection when its node has started again",
    async ([, open]) => {
      const table = new AddressTable();
      const accepted: Socket[] = [];
      const silent = createPlain((socket) => accepted.push(socket.on("error", () => {})));
      await once(silent.listen(0, "127.0.0.1"), "listening");
      const address = local((silent.address() as { port: number }).port);
      table.set(ONE, address);
      const client = open(table);
      client.on("error", () => {});
      try {
        await expect.poll(() => client.status).toBe("connect");
        expect(accepted).toHaveLength(1);
        table.set(ONE, address);
        await expect.poll(() => accepted).toHaveLength(2);
      } finally {
        client.disconnect();
        for (const socket of accepted) socket.destroy();
        silent.close();
      }
    },
  );

  test("a connection times out if a node answers no command or no handshake", async () => {
    const table = new AddressTable();
    const accepted: Socket[] = [];
    const silent = createPlain((socket) => {
      accepted.push(socket);
      socket.on("error", () => {});
      // The first connection gets no answer. Later connections get answers only to the handshake.
      if (accepted.length > 1) socket.once("data", () => socket.write("+PONG\r\n+PONG\r\n"));
    });
    await once(silent.listen(0, "127.0.0.1"), "listening");
    table.set(ONE, local((silent.address() as { port: number }).port));
    // The timeouts are 40 ms.
    const connection = new NodeConnection(ONE, table, { password: undefined, tls: undefined }, 0.02);
    try {
      await connection.ready(AbortSignal.timeout(10_000));
      expect(accepted.length).toBeGreaterThan(1);
      await expect(connection.text("PING")).rejects.toThrow("node-1 did not answer within 40 ms");
      const [one, two] = await connection.outcomes([["PING"], ["PING"]]);
      expect([one, two].map(String)).toEqual(
        Array(2).fill("AnswerTimeoutError: node-1 did not answer within 40 ms"),
      );
    } finally {
      connection.close();
      for (const socket of accepted) socket.destroy();
      silent.close();
    }
  });
});

describe.concurrent("a connection to a slow node", () => {
  const TIMEOUT_MS = 1_000;

  /** Runs an action with a connection to a server that answers the first command with the given function. */
  const withSlowServer = (
    answer: (socket: Socket) => void,
    action: (connection: NodeConnection) => Promise<void>,
  ): Promise<void> =>
    withServer(ONE, TIMEOUT_MS, (request, socket) => void (request === 1 && answer(socket)), action);

  const startTimer = (): (() => number) => {
    const start = performance.now();
    return () => performance.now() - start;
  };

  test("waits if the node sends its answer slowly", async () => {
    const trickle = (socket: Socket): void => {
      const parts = `$40\r\n${"x".repeat(40)}\r\n`.split("");
      const timer = setInterval(() => {
        socket.write(parts.shift() ?? "");
        if (parts.length === 0) clearInterval(timer);
      }, TIMEOUT_MS / 20);
    };
    await withSlowServer(trickle, async (connection) => {
      const elapsedMs = startTimer();
      expect(String((await connection.bytes([["GET", "key"]]))[0])).toBe("x".repeat(40));
      expect(elapsedMs()).toBeGreaterThan(TIMEOUT_MS);
    });
  });

  test("has a longer timeout for a large command", async () => {
    await withSlowServer(
      () => {},
      async (connection) => {
        const elapsedMs = startTimer();
        const sent = connection.bytes([["SET", "key", Buffer.alloc(1_000_000)]]);
        await expect(sent).rejects.toThrow("node-1 did not answer within 2000 ms");
        expect(elapsedMs()).toBeGreaterThan(1.9 * TIMEOUT_MS);
      },
    );
  });

  test("waits without a timeout until the connection ends if unlimited", async () => {
    const late = (socket: Socket): void => void setTimeout(() => socket.write("+late\r\n"), 2 * TIMEOUT_MS);
    await withSlowServer(late, async (connection) => {
      expect(String((await connection.bytes([["BLPOP", "key", 1]], "unlimited"))[0])).toBe("late");
      const waiting = connection.bytes([["BLPOP", "key", 1]], "unlimited");
      connection.close();
      expect((await waiting)[0]).toBeInstanceOf(Error);
    });
  });
});
