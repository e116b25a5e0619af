/** Reads `name:value` lines: the replies of INFO and CLUSTER INFO. Comments and blank lines are passed over. */
export function parseInfo(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(":");
    if (colon > 0 && !line.startsWith("#")) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return fields;
}

/** Which server it is, as INFO says. Valkey names its own version beside the Redis version that it is compatible with. */
export interface ServerVersion {
  readonly server: "redis" | "valkey";
  readonly version: string;
  readonly major: number;
  readonly minor: number;
}

export function serverVersion(info: ReadonlyMap<string, string>): ServerVersion {
  const valkey = info.get("valkey_version");
  const version = valkey ?? info.get("redis_version") ?? "0.0";
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return { server: valkey === undefined ? "redis" : "valkey", version, major, minor };
}
