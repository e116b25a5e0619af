import type { ConfigValue, RedisConfig } from "./options.generated.ts";

/** The directives that the plan determines, with what to do instead of setting them. */
const RESERVED_DIRECTIVES: Readonly<Record<string, string>> = {
  "cluster-announce-bus-port": "use the option `busPort`",
  "cluster-announce-ip": "use the options `subnet` and `firstAddress`",
  "cluster-announce-port": "use the option `port`",
  "cluster-enabled": "it is always `yes`",
  "cluster-node-timeout": "use the option `nodeTimeoutMs`",
  "cluster-port": "use the option `busPort`",
  daemonize: "the server must be the main process of its container",
  dir: "each node chooses its data folder: use `withWorkingDir` in `configureNode` (see docs/guides/images.md)",
  include: "write the directives themselves into `config`",
  logfile: "logs go to the output of the container: see `node.logs()`",
  masterauth: "use the option `password`, or `replicationUser`",
  masteruser: "use the option `replicationUser`",
  primaryauth: "use the option `password`, or `replicationUser`",
  primaryuser: "use the option `replicationUser`",
  port: "use the option `port`",
  requirepass: "use the option `password`",
  supervised: "the server must be the main process of its container",
};

/** The directives that name a node. In their values, `{name}` and `{index}` stand for the name and the number of the node. */
export const NAMING_DIRECTIVES = ["cluster-announce-hostname", "cluster-announce-human-nodename"] as const;

/** Returns the directives of a node, with its name and number instead of `{name}` and `{index}`. */
export function configOfNode(config: RedisConfig, index: number): RedisConfig {
  const named = NAMING_DIRECTIVES.filter((name) => Object.hasOwn(config, name)).map((name) => [
    name,
    String(config[name]).replaceAll("{name}", `node-${index}`).replaceAll("{index}", String(index)),
  ]);
  return { ...config, ...Object.fromEntries(named) };
}

/** Returns the host name that a node announces to clients; undefined if it announces none. */
export function hostnameOf(config: RedisConfig, index: number): string | undefined {
  return String(configOfNode(config, index)["cluster-announce-hostname"] ?? "") || undefined;
}

/** The directives that the plan determines with TLS. Ciphers and protocols remain options of the user. */
const TLS_DIRECTIVES: ReadonlySet<string> = new Set([
  "cluster-announce-tls-port",
  "tls-auth-clients",
  "tls-ca-cert-dir",
  "tls-ca-cert-file",
  "tls-cert-file",
  "tls-client-cert-file",
  "tls-client-key-file",
  "tls-client-key-file-pass",
  "tls-cluster",
  "tls-key-file",
  "tls-key-file-pass",
  "tls-port",
  "tls-replication",
]);

/** Returns whether the plan determines a directive with TLS. */
export function isTlsDirective(directive: string): boolean {
  return TLS_DIRECTIVES.has(directive);
}

/** Returns why a directive must not be set, or what to do instead; undefined if it may be set. */
export function findReservedReason(directive: string): string | undefined {
  return Object.hasOwn(RESERVED_DIRECTIVES, directive) ? RESERVED_DIRECTIVES[directive] : undefined;
}

/** Returns whether a text has the form of the name of a directive. Other texts could contain a second directive. */
export function isDirectiveName(name: string): boolean {
  return /^[a-z][a-z0-9-]*$/.test(name);
}

/** Returns whether a text contains control characters. A value in redis.conf must not, because some of them end the line. */
export function hasControlCharacter(text: string): boolean {
  return /\p{Cc}/u.test(text);
}

function formatConfigValue(value: ConfigValue): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  const text = String(value);
  return text === "" ? '""' : text;
}

/** Quotes a text as one argument in redis.conf (the inverse of `sdssplitargs` in sds.c). */
export function quoteArgument(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

/**
 * Splits a line of redis.conf into its arguments, as `sdssplitargs` in sds.c does. Returns undefined if a quote is not closed, or
 * is not followed by a blank.
 */
export function splitArguments(line: string): readonly string[] | undefined {
  const args: string[] = [];
  let rest = line.trim();
  while (rest !== "") {
    const match = /^(?:"((?:\\.|[^"\\])*)"|'((?:\\'|[^'])*)'|([^\s"']\S*))(?=\s|$)/.exec(rest);
    if (match === null) return undefined;
    const [whole, double, single, bare] = match;
    args.push(double?.replaceAll(ESCAPE, unescapeMatch) ?? single?.replaceAll("\\'", "'") ?? bare ?? "");
    rest = rest.slice(whole.length).trimStart();
  }
  return args;
}

/** An escape sequence in double quotes. */
const ESCAPE = /\\(?:x([0-9a-f]{2})|(.))/gi;
const CONTROL_CHARACTERS: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  b: "\b",
  a: "\u0007",
};

function unescapeMatch(_: string, hex: string | undefined, character = ""): string {
  return hex === undefined
    ? (CONTROL_CHARACTERS[character] ?? character)
    : String.fromCodePoint(parseInt(hex, 16));
}

/** Returns the text of a redis.conf. The directives of later layers replace directives of earlier layers with the same name. */
export function renderConfig(layers: readonly RedisConfig[]): string {
  const merged = new Map<string, RedisConfig[string]>();
  for (const [name, value] of layers.flatMap((layer) => Object.entries(layer))) merged.set(name, value);
  const lines = [...merged].flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value as ConfigValue]).map(
      (item) => `${name} ${formatConfigValue(item)}`,
    ),
  );
  return `${lines.join("\n")}\n`;
}
