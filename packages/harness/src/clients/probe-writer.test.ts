import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { NodePlan } from "../plan/cluster-plan.ts";
import { planCluster } from "../plan/plan-cluster.ts";
import { parseSubnet } from "../plan/subnet.ts";
import { validateOptions } from "../plan/validate-options.ts";
import { AddressTable } from "./address-table.ts";
import { ProbeWriter } from "./probe-writer.ts";

let next = 0;
const hex = (characters: number): string => String((next += 1)).padStart(characters, "0");
const PLAN = planCluster(validateOptions({}, {}), parseSubnet("10.1.0.0/24"), hex);
const [NODE] = PLAN.nodes as [NodePlan];
const ACCESS = { password: undefined, tls: undefined };

/** The answers of the node by command. If the answer is undefined, the node does not answer. */
const ANSWERS: Readonly<Record<string, string | undefined>> = {
  SET: "+OK\r\n",
  TIME: `*2\r\n${bulk("1700000000")}${bulk("250500")}`,
  DEL: ":1\r\n",
};

let server: Server;
let sockets: Set<Socket>;
let received: string[];
let addresses: AddressTable;
let answers: Record<string, string | undefined>;

beforeEach(async () => {
  sockets = new Set();
  received = [];
  answers = { ...ANSWERS };
  addresses = new AddressTable();
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", (data) => {
      for (const command of commandsIn(data.toString())) {
        received.push(command);
        // A node that does not answer SET does not answer the following commands either.
        if (!(command in answers)) socket.write("+OK\r\n");
        else if (answers[command] !== undefined && answers["SET"] !== undefined)
          socket.write(answers[command]);
      }
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  addresses.set(NODE, { host: "127.0.0.1", port: (server.address() as { port: number }).port });
});
afterEach(closeServer);

function closeServer(): void {
  server.close();
  for (const socket of sockets) socket.destroy();
}

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

/** Returns the commands of a request without their arguments. */
function commandsIn(request: string): readonly string[] {
  return request.split(/^\*\d+\r\n/m).flatMap((part) => {
    const name = part.split("\r\n").find((line) => line !== "" && !line.startsWith("$"));
    return name === undefined ? [] : [name.toUpperCase()];
  });
}

async function open(): Promise<ProbeWriter> {
  return await ProbeWriter.open(PLAN, addresses, ACCESS, AbortSignal.timeout(5_000));
}

test("write returns the times of the write, of the answer, and of the node", async () => {
  const probe = await open();
  const before = Date.now();
  const reply = await probe.write(NODE.name, 0);
  expect(reply.sentAt).toBeGreaterThanOrEqual(before);
  expect(reply.atMs).toBeGreaterThanOrEqual(reply.sentAt);
  expect(reply.serverMs).toBe(1_700_000_000_250.5);
  await probe[Symbol.asyncDispose]();
});

test("write rejects if the node rejects it, and follows no redirection", async () => {
  const probe = await open();
  answers["SET"] = "-MOVED 0 10.1.0.9:6379\r\n";
  await expect(probe.write(NODE.name, 0)).rejects.toThrow("MOVED");
  answers["SET"] = "+OK\r\n";
  answers["TIME"] = "-ERR unknown command\r\n";
  expect(await probe.write(NODE.name, 0)).toMatchObject({ serverMs: undefined });
  await probe[Symbol.asyncDispose]();
});

test("write resolves when a late acknowledgement arrives", async () => {
  const probe = await open();
  answers["SET"] = undefined;
  const writing = probe.write(NODE.name, 0);
  await expect.poll(() => received.includes("SET")).toBe(true);
  const answered = Date.now();
  for (const socket of sockets) socket.write("+OK\r\n*2\r\n$1\r\n1\r\n$1\r\n0\r\n");
  expect((await writing).atMs).toBeGreaterThanOrEqual(answered);
  await probe[Symbol.asyncDispose]();
});

test("a probe deletes the keys that it has written", async () => {
  const probe = await open();
  await probe.write(NODE.name, 0);
  await probe.write(NODE.name, 1);
  await probe.write(NODE.name, 0);
  await probe[Symbol.asyncDispose]();
  expect(received.filter((command) => command === "SET")).toHaveLength(3);
  expect(received.filter((command) => command === "DEL")).toHaveLength(2);
});

test("a probe closes its connections even if no node answers the deletions", async () => {
  const probe = await open();
  await probe.write(NODE.name, 0);
  answers["DEL"] = undefined;
  const ended = probe[Symbol.asyncDispose]();
  await expect.poll(() => received.includes("DEL")).toBe(true);
  await ended;
  closeServer();
  await expect(probe.write(NODE.name, 0)).rejects.toThrow(/closed|writeable/i);
});

test("open rejects with the reason of the signal if no node is reachable", async () => {
  closeServer();
  const stop = new AbortController();
  const opening = ProbeWriter.open(PLAN, addresses, ACCESS, stop.signal);
  stop.abort(new Error("time is up"));
  await expect(opening).rejects.toThrow("time is up");
});
