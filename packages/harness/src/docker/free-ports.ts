import { once } from "node:events";
import { createServer } from "node:net";
import { RedisClusterError } from "../errors.ts";
import type { ValidOptions } from "../plan/validate-options.ts";
import type { Engine } from "./engine.ts";

/** The range of the ports. Linux and Windows choose the ports of outgoing connections from the ports above it. */
const FIRST_PORT = 20_000;
const LAST_PORT = 32_767;
const MAX_ATTEMPTS = 100;

/**
 * Chooses consecutive ports of the engine's host on which nothing listens. The check is possible only if the engine runs on this
 * machine. Another program may take a port before the engine publishes it.
 *
 * @param reserved the ports that must not be chosen.
 * @param random returns a number from 0 up to 1, without 1.
 * @returns the first port.
 * @throws RedisClusterError PORT_TAKEN if no free ports are found.
 */
export async function chooseFreePorts(
  { location, host }: Pick<Engine, "location" | "host">,
  count: number,
  reserved: readonly number[],
  random: () => number,
): Promise<number> {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    const first = FIRST_PORT + Math.floor(random() * (LAST_PORT - FIRST_PORT - count + 2));
    const ports = Array.from({ length: count }, (_, index) => first + index);
    if (ports.some((port) => reserved.includes(port))) continue;
    if (!location.isOnThisMachine) return first;
    if ((await findTaken(host, ports)).length === 0) return first;
  }
  throw new RedisClusterError(
    "PORT_TAKEN",
    `No ${count} consecutive free ports were found between ${FIRST_PORT} and ${LAST_PORT} of ${host}. Choose them with \`firstHostPort\`.`,
  );
}

/**
 * Checks that nothing listens on the ports of the host that the options contain. The check is possible only if the engine runs on
 * this machine. Another program may take a port later.
 *
 * @throws RedisClusterError PORT_TAKEN with all ports in use.
 */
export async function requireFreePorts(
  { location, host }: Pick<Engine, "location" | "host">,
  {
    nodes,
    publishOn,
    ...options
  }: Pick<ValidOptions, "nodes" | "publishOn" | "firstHostPort" | "firstHostBusPort">,
): Promise<void> {
  if (!location.isOnThisMachine) return;
  const address = publishOn === "all" ? undefined : host;
  const checks = (["firstHostPort", "firstHostBusPort"] as const).map(async (option) => {
    const first = options[option];
    if (first === undefined) return [];
    const taken = await findTaken(
      address,
      Array.from({ length: nodes }, (_, index) => first + index),
    );
    return taken.map((port) => ({ option, port, node: `node-${port - first}` }));
  });
  const taken = (await Promise.all(checks)).flat();
  const [first] = taken;
  if (first === undefined) return;
  const list = taken.map(({ port, node }) => `${port} (${node})`).join(", ");
  const names = [...new Set(taken.map(({ option }) => `\`${option}\``))].join(" and ");
  throw new RedisClusterError(
    "PORT_TAKEN",
    `The cluster was not started, because other programs use ports of the host that its nodes need: ${list}. ` +
      `Choose another ${names}, or leave it out to get free ports.`,
    { details: { node: first.node } },
  );
}

/** Returns the ports on which another program listens, so that this process cannot. */
async function findTaken(host: string | undefined, ports: readonly number[]): Promise<readonly number[]> {
  const areTaken = await Promise.all(ports.map((port) => isTaken(host, port)));
  return ports.filter((_, index) => areTaken[index]);
}

async function isTaken(host: string | undefined, port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ host, port, exclusive: true });
    await once(server, "listening");
    return false;
  } catch (error) {
    // This process may lack the right to listen on a port, which the engine has.
    return (error as NodeJS.ErrnoException).code === "EADDRINUSE";
  } finally {
    server.close();
  }
}
