import { type Report, show } from "../schema/option-problems.ts";
import type { RedisConfig } from "./options.generated.ts";
import { configOfNode, NAMING_DIRECTIVES } from "./server-config.ts";

/** What `cluster-preferred-endpoint-type` can be (`cluster_preferred_endpoint_type_enum` in config.c). */
const ENDPOINT_TYPES: readonly unknown[] = ["ip", "hostname", "unknown-endpoint"];
/** NET_HOST_STR_LEN of the servers, less the zero at its end. */
const MOST_CHARACTERS = 255;
/** `isValidAnnouncedHostname` in config.c; `isValidAuxChar` in cluster.c, less what would split a line of redis.conf. */
const CHARACTERS = {
  "cluster-announce-hostname": /^[A-Za-z0-9.-]*$/,
  "cluster-announce-human-nodename": /^[^\s,"'\\!#$%&()*+:;<>?@[\]^{|}~]*$/,
} as const;
const ALLOWED = {
  "cluster-announce-hostname": "letters, digits, hyphens and dots",
  "cluster-announce-human-nodename": "no spaces, quotes, commas or other special characters",
} as const;

/**
 * Checks the directives that name nodes, and the one that decides which of a node's names clients are told. Two nodes with
 * the same host name and port could not be told apart, so a host name needs a placeholder.
 */
export function validateNames(config: RedisConfig, nodes: number, report: Report): void {
  const preferred = config["cluster-preferred-endpoint-type"];
  if (preferred !== undefined && !ENDPOINT_TYPES.includes(preferred)) {
    const allowed = ENDPOINT_TYPES.map(show).join(", ");
    report('config["cluster-preferred-endpoint-type"]', preferred, `one of ${allowed}`);
  }
  for (const directive of NAMING_DIRECTIVES) {
    const given = config[directive];
    if (given === undefined || given === "") continue;
    const option = `config[${JSON.stringify(directive)}]`;
    if (typeof given !== "string") {
      report(option, given, 'a string, such as "{name}.redis.test"');
      continue;
    }
    const names = Array.from({ length: nodes }, (_, index) => String(configOfNode(config, index)[directive]));
    if (names.some((name) => name.length > MOST_CHARACTERS || !CHARACTERS[directive].test(name))) {
      report(
        option,
        given,
        `a name of at most ${MOST_CHARACTERS} characters (${ALLOWED[directive]}), in which {name} and {index} stand for the node's name and number`,
      );
    } else if (
      directive === "cluster-announce-hostname" &&
      new Set(names.map((name) => name.toLowerCase())).size < names.length
    ) {
      report(
        option,
        given,
        'a different name for each node: use {name} or {index}, such as "{name}.redis.test"',
      );
    }
  }
}
