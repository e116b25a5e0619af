import type { EngineReference } from "../cleanup/watcher-protocol.ts";
import { protocolOf } from "../ssh/share-connections.ts";
import type { Engine } from "./engine.ts";

/** The plain properties in which dockerode keeps its connection. Its types do not declare them. */
const CONNECTION_PROPERTIES = [
  ...["socketPath", "protocol", "host", "port", "pathPrefix", "username", "password"],
  ...["ca", "cert", "key", "headers", "sshOptions"],
] as const;

/** Returns the options with which dockerode connects to the same engine in another process. */
export async function engineReference(engine: Engine): Promise<EngineReference> {
  return await connectionOptions(engine.docker.modem as unknown as Readonly<Record<string, unknown>>);
}

/** Returns the plain options of a connection, as JSON can contain them. */
export async function connectionOptions(
  connection: Readonly<Record<string, unknown>>,
): Promise<EngineReference> {
  const entries = CONNECTION_PROPERTIES.map(async (name) => {
    const value = name === "protocol" ? protocolOf(connection) : connection[name];
    // The default socket is a function that looks for it.
    const current: unknown = typeof value === "function" ? await (value as () => unknown)() : value;
    return [name, toText(current)] as const;
  });
  const known = (await Promise.all(entries)).filter(([, value]) => value !== undefined && value !== "");
  return Object.fromEntries(known);
}

/** Converts certificates and keys in PEM, which may be buffers, to strings. */
function toText(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return value.toString();
  return Array.isArray(value) ? value.map(toText) : value;
}
