import { formatValue } from "../schema/format-value.ts";
import type { ReportProblem } from "../schema/option-problems.ts";
import type { RedisConfig } from "./options.generated.ts";
import { configOfNode, NAMING_DIRECTIVES } from "./server-config.ts";

/** The values of `cluster-preferred-endpoint-type` (`cluster_preferred_endpoint_type_enum` in config.c). */
const ENDPOINT_TYPES: readonly unknown[] = ["ip", "hostname", "unknown-endpoint"];
/** NET_HOST_STR_LEN of the servers, without the null character at its end. */
const MAX_NAME_LENGTH = 255;
/**
 * `isValidAnnouncedHostname` in config.c, and `isValidAuxChar` in cluster.c without the characters that would split a line of
 * redis.conf.
 */
const VALID_NAMES = {
  "cluster-announce-hostname": /^[A-Za-z0-9.-]*$/,
  "cluster-announce-human-nodename": /^[^\s,"'\\!#$%&()*+:;<>?@[\]^{|}~]*$/,
} as const;
const ALLOWED = {
  "cluster-announce-hostname": "letters, digits, hyphens and dots",
  "cluster-announce-human-nodename": "no spaces, quotes, commas or other special characters",
} as const;

/**
 * Validates the directives that name nodes, and `cluster-preferred-endpoint-type`, which determines the name that clients
 * receive. A host name needs a placeholder, because clients could not distinguish nodes with the same host name and port.
 */
export function validateNames(config: RedisConfig, nodes: number, report: ReportProblem): void {
  const preferred = config["cluster-preferred-endpoint-type"];
  if (preferred !== undefined && !ENDPOINT_TYPES.includes(preferred)) {
    const allowed = ENDPOINT_TYPES.map(formatValue).join(", ");
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
    if (names.some((name) => name.length > MAX_NAME_LENGTH || !VALID_NAMES[directive].test(name))) {
      report(
        option,
        given,
        `a name of at most ${MAX_NAME_LENGTH} characters (${ALLOWED[directive]}), in which {name} and {index} stand for the node's name and number`,
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
