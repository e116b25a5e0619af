import { extname } from "node:path";
import type { EngineAddress } from "../cleanup/engine-http.ts";
import type { EngineReference } from "../cleanup/watcher-protocol.ts";
import type { Engine } from "./engine.ts";

/** The properties in which dockerode stores its connection. Its types do not declare them. */
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

/** Returns how another process can reach the same engine. If HTTP is sufficient, the process does not need Testcontainers. */
export async function engineReference(engine: Engine): Promise<EngineReference> {
  const modem = engine.docker.modem as Connection;
  const socketPath: unknown =
    typeof modem.socketPath === "function" ? await (modem.socketPath as () => unknown)() : modem.socketPath;
  const address = httpAddress({ ...modem, socketPath });
  if (address !== undefined) return { kind: "http", address };
  const url = new URL(`./cleanup-engine${extname(import.meta.url)}`, import.meta.url);
  return { kind: "module", url: url.href };
}

/**
 * Returns the HTTP address of an engine with a socket, a pipe or a TCP port. Returns undefined for all other connections, such as
 * SSH.
 */
export function httpAddress(connection: Connection): EngineAddress | undefined {
  const { socketPath, protocol, host, port, pathPrefix } = connection;
  if (typeof socketPath === "string" && socketPath !== "") return { protocol: "http", socketPath };
  if ((protocol !== "http" && protocol !== "https") || typeof host !== "string") return undefined;
  // dockerode also accepts a URL as the host, and a prefix of the path. Only dockerode implements the rules for these.
  if (host.includes("/") || (typeof pathPrefix === "string" && pathPrefix !== "/")) return undefined;
  const ca = [connection.ca].flat().flatMap((certificate) => toText(certificate) ?? []);
  const cert = toText(connection.cert);
  const key = toText(connection.key);
  return {
    protocol,
    host: host.replace(/^\[|\]$/g, ""),
    ...(port === undefined || port === "" ? {} : { port: Number(port) }),
    ...(ca.length === 0 ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

/** Converts a certificate or key in PEM to a string. It may be a buffer. */
function toText(value: unknown): string | undefined {
  if (Buffer.isBuffer(value)) return value.toString();
  return typeof value === "string" ? value : undefined;
}
