import { once } from "node:events";
import { createServer } from "node:net";
import { RedisClusterError } from "../errors.ts";
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
    const areFree = await Promise.all(ports.map((port) => isFree(host, port)));
    if (areFree.every(Boolean)) return first;
  }
  throw new RedisClusterError(
    "PORT_TAKEN",
    `No ${count} consecutive free ports were found between ${FIRST_PORT} and ${LAST_PORT} of ${host}. Choose them with \`firstHostPort\`.`,
  );
}

/** Returns whether this process could listen on a port. */
async function isFree(host: string, port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ host, port, exclusive: true });
    await once(server, "listening");
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
