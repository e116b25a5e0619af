/** Parses the `name:value` lines of the replies to INFO and CLUSTER INFO. Ignores comments and blank lines. */
export function parseInfo(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(":");
    if (colon > 0 && !line.startsWith("#")) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return fields;
}

/** The product and version of a server. */
export interface ServerVersion {
  readonly server: "redis" | "valkey";
  readonly version: string;
  readonly major: number;
  readonly minor: number;
}

/**
 * Returns the version of a server. Valkey reports its own version in addition to the Redis version that it is compatible with:
 * its own version is returned.
 *
 * @param info the fields of INFO. Without a version field the result is Redis 0.0.
 */
export function serverVersion(info: ReadonlyMap<string, string>): ServerVersion {
  const valkey = info.get("valkey_version");
  const version = valkey ?? info.get("redis_version") ?? "0.0";
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return { server: valkey === undefined ? "redis" : "valkey", version, major, minor };
}
