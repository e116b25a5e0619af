import { extname } from "node:path";
import type { EngineAddress } from "../cleanup/engine-http.ts";
import type { EngineReference } from "../cleanup/watcher-orders.ts";
import type { Engine } from "./engine.ts";

/** What dockerode keeps of its connection; its types do not tell. */
export interface Connection {
  readonly socketPath?: unknown;
  readonly protocol?: unknown;
  readonly host?: unknown;
  readonly port?: unknown;
  readonly pathPrefix?: unknown;
  readonly ca?: unknown;
  readonly cert?: unknown;
  readonly key?: unknown;
}

/** How another process reaches the same engine, without Testcontainers where plain HTTP will do. */
export async function engineReference(engine: Engine): Promise<EngineReference> {
  const modem = engine.docker.modem as Connection;
  const socketPath: unknown =
    typeof modem.socketPath === "function" ? await (modem.socketPath as () => unknown)() : modem.socketPath;
  const address = plainAddress({ ...modem, socketPath });
  if (address !== undefined) return { kind: "http", address };
  const url = new URL(`./labelled-resources${extname(import.meta.url)}`, import.meta.url);
  return { kind: "module", url: url.href };
}

/** The address, where it is a socket, a pipe or a TCP port; undefined for others, such as an engine behind SSH. */
export function plainAddress(connection: Connection): EngineAddress | undefined {
  const { socketPath, protocol, host, port, pathPrefix } = connection;
  if (typeof socketPath === "string" && socketPath !== "") return { protocol: "http", socketPath };
  if ((protocol !== "http" && protocol !== "https") || typeof host !== "string") return undefined;
  // dockerode also takes a URL for a host, and a prefix for a path; nobody but dockerode needs to know their rules.
  if (host.includes("/") || (typeof pathPrefix === "string" && pathPrefix !== "/")) return undefined;
  const ca = [connection.ca].flat().flatMap((each) => asText(each) ?? []);
  const cert = asText(connection.cert);
  const key = asText(connection.key);
  return {
    protocol,
    host: host.replace(/^\[|\]$/g, ""),
    ...(port === undefined || port === "" ? {} : { port: Number(port) }),
    ...(ca.length === 0 ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

/** Certificates and keys are PEM, which is text, also where it was read into a buffer. */
function asText(value: unknown): string | undefined {
  if (Buffer.isBuffer(value)) return value.toString();
  return typeof value === "string" ? value : undefined;
}
