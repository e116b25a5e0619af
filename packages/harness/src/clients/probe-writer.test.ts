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

/** What a node answers; nothing where it is undefined. */
const ANSWERS: Readonly<Record<string, string | undefined>> = {
  SET: "+OK\r\n",
  TIME: `*2\r\n${bulk("1700000000")}${bulk("250500")}`,
  DEL: ":1\r\n",
};

let server: Server;
let sockets: Set<Socket>;
let asked: string[];
let addresses: AddressTable;
let answers: Record<string, string | undefined>;

beforeEach(async () => {
  sockets = new Set();
  asked = [];
  answers = { ...ANSWERS };
  addresses = new AddressTable();
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", (data) => {
      for (const command of commandsIn(data.toString())) {
        asked.push(command);
        // One that is silent answers nothing of what comes behind, either.
        if (!(command in answers)) socket.write("+OK\r\n");
        else if (answers[command] !== undefined && answers["SET"] !== undefined)
          socket.write(answers[command]);
      }
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  addresses.set(NODE, { host: "127.0.0.1", port: (server.address() as { port: number }).port });
});
afterEach(goAway);

function goAway(): void {
  server.close();
  for (const socket of sockets) socket.destroy();
}

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

/** The commands of a request, without their arguments. */
function commandsIn(request: string): readonly string[] {
  return request.split(/^\*\d+\r\n/m).flatMap((part) => {
    const name = part.split("\r\n").find((line) => line !== "" && !line.startsWith("$"));
    return name === undefined ? [] : [name.toUpperCase()];
  });
}

async function open(): Promise<ProbeWriter> {
  return await ProbeWriter.open(PLAN, addresses, ACCESS, AbortSignal.timeout(5_000));
}

test("a probe reports when it wrote, when the answer came, and the node's own time", async () => {
  const probe = await open();
  const before = Date.now();
  const reply = await probe.write(NODE.name, 0);
  expect(reply.sentAt).toBeGreaterThanOrEqual(before);
  expect(reply.atMs).toBeGreaterThanOrEqual(reply.sentAt);
  expect(reply.serverMs).toBe(1_700_000_000_250.5);
  await probe[Symbol.asyncDispose]();
});

test("a probe rejects a write that the node refuses, and follows no redirection", async () => {
  const probe = await open();
  answers["SET"] = "-MOVED 0 10.1.0.9:6379\r\n";
  await expect(probe.write(NODE.name, 0)).rejects.toThrow("MOVED");
  answers["SET"] = "+OK\r\n";
  answers["TIME"] = "-ERR unknown command\r\n";
  expect(await probe.write(NODE.name, 0)).toMatchObject({ serverMs: undefined });
  await probe[Symbol.asyncDispose]();
});

test("a write that is answered late is acknowledged late", async () => {
  const probe = await open();
  answers["SET"] = undefined;
  const writing = probe.write(NODE.name, 0);
  await expect.poll(() => asked.includes("SET")).toBe(true);
  const answered = Date.now();
  for (const socket of sockets) socket.write("+OK\r\n*2\r\n$1\r\n1\r\n$1\r\n0\r\n");
  expect((await writing).atMs).toBeGreaterThanOrEqual(answered);
  await probe[Symbol.asyncDispose]();
});

test("a probe deletes what it has written", async () => {
  const probe = await open();
  await probe.write(NODE.name, 0);
  await probe.write(NODE.name, 1);
  await probe.write(NODE.name, 0);
  await probe[Symbol.asyncDispose]();
  expect(asked.filter((command) => command === "SET")).toHaveLength(3);
  expect(asked.filter((command) => command === "DEL")).toHaveLength(2);
});

test("a probe closes its connections soon, also if no node is left to delete anything from", async () => {
  const probe = await open();
  await probe.write(NODE.name, 0);
  answers["DEL"] = undefined;
  const ended = probe[Symbol.asyncDispose]();
  await expect.poll(() => asked.includes("DEL")).toBe(true);
  await ended;
  goAway();
  await expect(probe.write(NODE.name, 0)).rejects.toThrow(/closed|writeable/i);
});

test("a probe that can connect to no node gives up with the signal's reason", async () => {
  goAway();
  const stop = new AbortController();
  const opening = ProbeWriter.open(PLAN, addresses, ACCESS, stop.signal);
  stop.abort(new Error("time is up"));
  await expect(opening).rejects.toThrow("time is up");
});
