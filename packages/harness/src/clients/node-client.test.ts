import { once } from "node:events";
import { createServer as createPlain, type Server as Plain } from "node:net";
import { createServer, type Server } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ClusterCertificates, makeCertificates } from "../certificates/cluster-certificates.ts";
import type { NodePlan } from "../plan/cluster-plan.ts";
import { planCluster } from "../plan/plan-cluster.ts";
import { parseSubnet } from "../plan/subnet.ts";
import { validateOptions } from "../plan/validate-options.ts";
import { AddressTable } from "./address-table.ts";
import { openNodeClient } from "./node-client.ts";

let next = 0;
const hex = (characters: number): string => String((next += 1)).padStart(characters, "0");
const PLAN = planCluster(validateOptions({}, {}), parseSubnet("10.1.0.0/24"), hex);
const NODE = PLAN.nodes[0] as NodePlan;
const addresses = new AddressTable();
let certificates: ClusterCertificates;
let server: Server;

beforeAll(async () => {
  certificates = await makeCertificates(PLAN, false, "127.0.0.1");
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

/** The first error of a client, or its answer to a PING. */
async function ask(tls: object): Promise<string> {
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

test("a client that knows the authority finds the node's mapped address in its certificate", async () => {
  expect(await ask({ ca: certificates.ca })).toBe("PONG");
});

test("a client verifies: without the authority, or for another address, there is no connection", async () => {
  await expect(ask({})).rejects.toThrow(/unable to verify|self-signed/);
  await expect(ask({ ca: certificates.ca, servername: "node-1" })).rejects.toThrow(
    /does not match certificate/,
  );
});

test("a client leaves an address that is another node's now, and one that was disconnected does not come back", async () => {
  const [, one, two] = PLAN.nodes as [NodePlan, NodePlan, NodePlan];
  const table = new AddressTable();
  const answering = async (name: string): Promise<{ readonly port: number; readonly server: Plain }> => {
    const plain = createPlain((socket) => socket.on("data", () => socket.write(`+${name}\r\n`)));
    await once(plain.listen(0, "127.0.0.1"), "listening");
    return { port: (plain.address() as { port: number }).port, server: plain };
  };
  const [first, second] = await Promise.all([answering("first"), answering("second")]);
  const options = {
    protocol: 2,
    enableReadyCheck: false,
    disableClientInfo: true,
    retryStrategy: () => 5,
  } as const;
  table.set(one, { host: "127.0.0.1", port: first.port });
  const client = openNodeClient(one, table, options);
  const given = openNodeClient(one, table, options);
  try {
    expect(await client.ping()).toBe("first");
    expect(await given.ping()).toBe("first");
    given.disconnect();
    // The engine gives the port to another node, and this one another port.
    table.set(two, { host: "127.0.0.1", port: first.port });
    table.set(one, { host: "127.0.0.1", port: second.port });
    await expect.poll(() => client.ping().catch(() => "away")).toBe("second");
    expect(given.status).toBe("end");
  } finally {
    client.disconnect();
    first.server.close();
    second.server.close();
  }
});
