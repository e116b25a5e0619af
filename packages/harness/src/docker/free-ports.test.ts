import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { chooseFreePorts, requireFreePorts } from "./free-ports.ts";

const HERE = {
  host: "127.0.0.1",
  location: { isOnThisMachine: true, sharesKernel: true, sharesNetwork: true },
};

/** Opens a port in the range from which ports are chosen. */
async function takePort(): Promise<number> {
  for (;;) {
    const server = createServer();
    server.listen(20_000 + Math.floor(Math.random() * 12_000), "127.0.0.1");
    const isOpen = await once(server, "listening").then(
      () => true,
      () => false,
    );
    if (!isOpen) continue;
    onTestFinished(() => void server.close());
    return (server.address() as AddressInfo).port;
  }
}

/** Returns numbers with which the ports are chosen that begin with the given ones, in turn. */
function choosing(count: number, ...firsts: readonly number[]): () => number {
  const next = firsts.values();
  return () => ((next.next().value ?? 20_000) - 20_000 + 0.5) / (12_768 - count + 1);
}

test("ports on which something listens, and reserved ports, are not chosen", async () => {
  const taken = await takePort();
  const other = taken > 26_000 ? 21_000 : 30_000;
  expect(await chooseFreePorts(HERE, 3, [], choosing(3, taken - 1, other))).toBe(other);
  const reserved = [other + 2];
  expect(await chooseFreePorts(HERE, 3, reserved, choosing(3, other, other + 3))).toBe(other + 3);
});

test("the ports of an engine on another machine are not checked", async () => {
  const taken = await takePort();
  const there = { host: "10.0.0.7", location: { ...HERE.location, isOnThisMachine: false } };
  expect(await chooseFreePorts(there, 1, [], choosing(1, taken))).toBe(taken);
});

test("all taken ports of the options are named with their nodes", async () => {
  const one = await takePort();
  let other = await takePort();
  while (Math.abs(other - one) < 5) other = await takePort();
  const options = {
    nodes: 3,
    publishOn: "loopback",
    firstHostPort: one - 1,
    firstHostBusPort: other,
  } as const;
  await expect(requireFreePorts(HERE, options)).rejects.toMatchObject({
    code: "PORT_TAKEN",
    message: expect.stringContaining(
      `that its nodes need: ${one} (node-1), ${other} (node-0). Choose another \`firstHostPort\` and \`firstHostBusPort\`, or`,
    ),
    details: { node: "node-1" },
  });
  const there = { ...HERE, location: { ...HERE.location, isOnThisMachine: false } };
  await requireFreePorts(there, options);
  await requireFreePorts(HERE, {
    nodes: 3,
    publishOn: "all",
    firstHostPort: undefined,
    firstHostBusPort: undefined,
  });
});

test("a host without free ports is reported", async () => {
  const taken = await takePort();
  const always = (): number => choosing(1, taken)();
  await expect(chooseFreePorts(HERE, 1, [], always)).rejects.toMatchObject({ code: "PORT_TAKEN" });
});
