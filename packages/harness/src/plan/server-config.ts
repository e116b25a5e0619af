import type { ConfigValue, RedisConfig } from "./options.generated.ts";

/** Directives that the plan decides, each with the option to use instead. */
const RESERVED: Readonly<Record<string, string>> = {
  "cluster-announce-bus-port": "use the option `busPort`",
  "cluster-announce-ip": "use the options `subnet` and `firstAddress`",
  "cluster-announce-port": "use the option `port`",
  "cluster-enabled": "it is always on",
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

/** Directives that name a node, so that each node needs a value of its own: `{name}` and `{index}` stand for the node's. */
export const NAMING_DIRECTIVES = ["cluster-announce-hostname", "cluster-announce-human-nodename"] as const;

/** Returns the directives of one node, with the node's name and number in the place of `{name}` and `{index}`. */
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

/** Directives that the plan decides where it has TLS. Ciphers and protocols stay the user's. */
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

export function isTlsDirective(directive: string): boolean {
  return TLS_DIRECTIVES.has(directive);
}

export function reservedReason(directive: string): string | undefined {
  return Object.hasOwn(RESERVED, directive) ? RESERVED[directive] : undefined;
}

/** A directive's name as Redis spells them. Anything else could carry a second directive. */
export function isDirectiveName(name: string): boolean {
  return /^[a-z][a-z0-9-]*$/.test(name);
}

/** What a redis.conf value must not hold: each directive is one line, and a line ends at these. */
export function hasControlCharacter(text: string): boolean {
  return /\p{Cc}/u.test(text);
}

function valueText(value: ConfigValue): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  const text = String(value);
  return text === "" ? '""' : text;
}

/** A string as one quoted redis.conf argument (`sdssplitargs` in sds.c reads it back). */
export function quoteArgument(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

/**
 * The arguments of one redis.conf line (`sdssplitargs` in sds.c). Undefined if a quote is not closed or not followed by
 * a blank.
 */
export function splitArguments(line: string): readonly string[] | undefined {
  const found: string[] = [];
  let rest = line.trim();
  while (rest !== "") {
    const match = /^(?:"((?:\\.|[^"\\])*)"|'((?:\\'|[^'])*)'|([^\s"']\S*))(?=\s|$)/.exec(rest);
    if (match === null) return undefined;
    const [whole, double, single, bare] = match;
    found.push(double?.replaceAll(ESCAPE, unescaped) ?? single?.replaceAll("\\'", "'") ?? bare ?? "");
    rest = rest.slice(whole.length).trimStart();
  }
  return found;
}

const ESCAPE = /\\(?:x([0-9a-f]{2})|(.))/gi;
const CONTROL: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: "\b", a: "\u0007" };

function unescaped(_: string, hex: string | undefined, character = ""): string {
  return hex === undefined ? (CONTROL[character] ?? character) : String.fromCodePoint(parseInt(hex, 16));
}

/** redis.conf text: later layers replace the directives of earlier ones by name. */
export function renderConfig(layers: readonly RedisConfig[]): string {
  const merged = new Map<string, RedisConfig[string]>();
  for (const layer of layers) for (const [name, value] of Object.entries(layer)) merged.set(name, value);
  const lines = [...merged].flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value as ConfigValue]).map((each) => `${name} ${valueText(each)}`),
  );
  return `${lines.join("\n")}\n`;
}
