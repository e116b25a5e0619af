import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
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

/** Answers as the only node of a cluster, as far as a probe asks. */
const ANSWERS: Readonly<Record<string, string>> = {
  INFO: bulk("loading:0"),
  "CLUSTER INFO": bulk("cluster_state:ok"),
  "CLUSTER SLOTS": `*1\r\n*3\r\n:0\r\n:16383\r\n*3\r\n${bulk(NODE.address)}:${NODE.port}\r\n${bulk(NODE.id)}`,
  SET: "+OK\r\n",
  DEL: ":1\r\n",
};

let server: Server;
let sockets: Set<Socket>;
let asked: string[];
let addresses: AddressTable;

beforeEach(async () => {
  sockets = new Set();
  asked = [];
  addresses = new AddressTable();
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", (data) => {
      for (const command of commandsIn(data.toString())) {
        asked.push(command);
        const [first = ""] = command.split(" ");
        socket.write(ANSWERS[command] ?? ANSWERS[first] ?? "+OK\r\n");
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

/** The commands of a request, each with its first argument where that names a subcommand. */
function commandsIn(request: string): readonly string[] {
  return request.split(/^\*\d+\r\n/m).flatMap((part) => {
    const [name, argument] = part.split("\r\n").filter((line) => line !== "" && !line.startsWith("$"));
    if (name === undefined) return [];
    const command = name.toUpperCase();
    return [command === "CLUSTER" ? `CLUSTER ${argument?.toUpperCase()}` : command];
  });
}

async function open(): Promise<ProbeWriter> {
  return await ProbeWriter.open(PLAN, addresses, ACCESS, AbortSignal.timeout(5_000));
}

test("a probe deletes what it has written", async () => {
  const probe = await open();
  await probe.write(0);
  await probe.write(1);
  await probe.write(0);
  await probe[Symbol.asyncDispose]();
  expect(asked.filter((command) => command === "SET")).toHaveLength(3);
  expect(asked.filter((command) => command === "DEL")).toHaveLength(2);
});

test("a probe closes its client soon, also when no node is left to delete anything from", async () => {
  const probe = await open();
  await probe.write(0);
  goAway();
  // ioredis notices, and from then on keeps commands until a node comes back.
  const kept = async (): Promise<boolean> =>
    await Promise.race([
      probe.write(0).then(
        () => false,
        () => false,
      ),
      wait(100, true),
    ]);
  await expect.poll(kept, { timeout: 5_000 }).toBe(true);
  const begun = performance.now();
  await probe[Symbol.asyncDispose]();
  expect(performance.now() - begun).toBeLessThan(2_000);
  await expect(probe.write(0)).rejects.toThrow(/closed/i);
});
