import { InvalidOptionsError } from "../errors.ts";
import { integer, isObject } from "../schema/option.ts";
import { formatValue, Redacted } from "../schema/format-value.ts";
import { listProblems, type ReportProblem } from "../schema/option-problems.ts";
import {
  type Environment,
  readOption,
  readOptions,
  reportUnknownOptions,
  type Values,
} from "../schema/read-options.ts";
import { CLUSTER_OPTIONS, MAX_NODES, START_OPTIONS } from "./cluster-options.ts";
import { countPrimaries, type ReplicaCounts } from "./layout.ts";
import type { PassedOptions } from "./option-values.ts";
import type {
  AccessChoice,
  ClusterShape,
  DefaultedOption,
  Persistence,
  RedisConfig,
} from "./options.generated.ts";
import type { Subnet } from "./subnet.ts";
import { scaleTimeouts } from "./time-scale.ts";
import { validateAddresses } from "./validate-addresses.ts";
import { validateConfig, validateLabels } from "./validate-config.ts";
import { type CommandNames, validateRenames, validateUserDirective } from "./validate-hardening.ts";
import { validateNames } from "./validate-names.ts";
import { type ValidSeed, validateSeed } from "./validate-seed.ts";
import { type ValidTls, validateTls } from "./validate-tls.ts";
import { type ValidUsers, validateUsers } from "./validate-users.ts";

/** Options that are valid, also in combination, with all defaults. */
export interface ValidOptions extends PassedOptions, ValidUsers {
  readonly nodes: number;
  readonly replicas: ReplicaCounts;
  /** If undefined, the start chooses an unused one. */
  readonly subnet: Subnet | undefined;
  readonly gateway: number | undefined;
  readonly firstAddress: number | undefined;
  readonly config: RedisConfig;
  readonly persistence: Persistence;
  /** If `true`, the plan generates a random one. */
  readonly password: string | true | undefined;
  /** The new names of renamed commands, by the original names in upper case. */
  readonly commandNames: CommandNames;
  readonly tls: ValidTls | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly access: AccessChoice;
  readonly port: number;
  readonly busPort: number;
  readonly firstHostPort: number | undefined;
  readonly firstHostBusPort: number | undefined;
  readonly startupTimeoutMs: number;
  /** If undefined, no evidence is written unless it is requested. */
  readonly evidenceDir: string | undefined;
  /** If undefined, the cluster starts without data. */
  readonly seed: ValidSeed | undefined;
}

const OWN_NETWORK =
  "The nodes are always in a network of their own: with that of the host they would have no addresses that faults could tell apart. See `joinNetworks`, `access` and `announce`.";

/** Names that users may expect, as those of Testcontainers and Compose, and what to do instead. */
const EXPECTED_OPTIONS: ReadonlyMap<string, string> = new Map([
  ["network", OWN_NETWORK],
  ["networkMode", OWN_NETWORK],
]);

/** The options of the plan, and the options of a start that are not part of the plan. */
export type OptionsToValidate = ClusterShape & {
  readonly seed?: unknown;
  readonly signal?: unknown;
  readonly configureNode?: unknown;
};

/**
 * Validates all options and adds the defaults. It is a pure function, without requests to the engine.
 *
 * @throws InvalidOptionsError with every problem, not only the first one.
 */
export function validateOptions(options: OptionsToValidate, environment: Environment): ValidOptions {
  const input: unknown = options;
  if (!isObject(input)) {
    throw new InvalidOptionsError([{ option: "options", given: formatValue(options), allowed: "an object" }]);
  }
  const { problems, report } = listProblems();
  reportUnknownOptions({ ...CLUSTER_OPTIONS, ...START_OPTIONS }, input, report, "", EXPECTED_OPTIONS);

  const size = validateSize(options, report);
  const values = readOptions(tableFor(options, size.nodes), options, report, { environment });
  const addresses = validateAddresses(options, values, size.nodes, report);
  const ports = validatePorts(values, size.nodes, report);
  validateLabels(values.labels, report);
  const config = validateConfig(options.config, report);
  validateAnnouncement(options, values, config, report);
  const commandNames = validateRenames(config, report);
  validateNames(config, size.nodes, report);
  validateUserDirective(config, report);
  validatePasswordOnce(options, config, report);
  const users = validateUsers(options, values, config, report);
  const tls = validateTls(values.tls, config, report);
  readOptions(START_OPTIONS, options, report);
  const seed = validateSeed(options.seed, size, config, report);

  if (problems.length > 0) throw new InvalidOptionsError(problems);
  // Without problems, only options without a default are undefined.
  const valid = {
    ...(values as WithDefaults<typeof values>),
    ...size,
    ...addresses,
    ...ports,
    ...users,
    config,
    commandNames,
    tls,
    labels: { ...values.labels },
    startupTimeoutMs: values.startupTimeoutMs ?? 60_000 + 1_000 * size.nodes,
    seed,
  };
  return scaleTimeouts(valid, valid.timeScale);
}

type WithDefaults<T> = {
  readonly [Name in keyof T]: Name extends DefaultedOption ? NonNullable<T[Name]> : T[Name];
};

// The size is validated separately, because the validation of other options depends on the number of nodes.
const { nodes: NODES, replicas: REPLICAS, ...OTHER_OPTIONS } = CLUSTER_OPTIONS;

/** Returns the table of all options except the size, with the ranges that depend on other options. */
function tableFor(options: ClusterShape, nodes: number): typeof OTHER_OPTIONS {
  const { port, firstHostPort, firstHostBusPort } = OTHER_OPTIONS;
  const hostPort = integer(1, 65_536 - nodes);
  return {
    ...OTHER_OPTIONS,
    // The default of `busPort` is the client port plus 10 000, which must be a valid port, too.
    port: options.busPort === undefined ? { ...port, schema: integer(1, 55_535) } : port,
    firstHostPort: { ...firstHostPort, schema: hostPort },
    firstHostBusPort: { ...firstHostBusPort, schema: hostPort },
  };
}

/** Validates the numbers of nodes and replicas. */
function validateSize(
  options: ClusterShape,
  report: ReportProblem,
): { readonly nodes: number; readonly replicas: ReplicaCounts } {
  const replicas = readOption("replicas", REPLICAS, options.replicas, report);
  const nodes = readOption("nodes", NODES, options.nodes, report);
  if (Array.isArray(options.replicas)) {
    return validateShards(
      nodes,
      Array.isArray(replicas) ? (replicas as readonly number[]) : undefined,
      report,
    );
  }
  const size = { nodes: nodes ?? 6, replicas: typeof replicas === "number" ? replicas : 1 };
  const isValid = (options.nodes === undefined || nodes !== undefined) && replicas !== undefined;
  if (isValid && countPrimaries(size.nodes, size.replicas) < 1) {
    const min = size.replicas + 1;
    const remedy = `Set \`nodes\` to at least ${min}, or reduce \`replicas\`: { nodes: ${size.nodes}, replicas: ${size.nodes - 1} } is one shard.`;
    const room = `room for one primary and its ${size.replicas} ${size.replicas === 1 ? "replica" : "replicas"}: `;
    if (options.replicas === undefined)
      report("nodes", size.nodes, `${room}an integer from ${min} to ${MAX_NODES}`, remedy);
    else report("replicas", size.replicas, `${room}an integer from 0 to ${size.nodes - 1}`, remedy);
  }
  return size;
}

/** Validates a list with the number of replicas of each shard, and compares it with the number of nodes. */
function validateShards(
  nodes: number | undefined,
  replicas: readonly number[] | undefined,
  report: ReportProblem,
): { readonly nodes: number; readonly replicas: readonly number[] } {
  if (replicas === undefined) return { nodes: 1, replicas: [0] };
  const total = replicas.reduce((sum, count) => sum + 1 + count, 0);
  if (total > MAX_NODES) report("replicas", replicas, `at most ${MAX_NODES} nodes in all shards together`);
  if (nodes !== undefined && nodes !== total) {
    report(
      "nodes",
      nodes,
      `${total}, the number of nodes of \`replicas: ${formatValue(replicas)}\``,
      "Leave out `nodes`, or correct `replicas`.",
    );
  }
  return { nodes: Math.min(total, MAX_NODES), replicas };
}

/** Validates the ports in combination, and adds the default of `busPort`. */
function validatePorts(
  { announce, port = 6_379, busPort: given, firstHostPort, firstHostBusPort }: Values<ClusterPorts>,
  nodes: number,
  report: ReportProblem,
): Pick<ValidOptions, Exclude<keyof ClusterPorts, "announce">> {
  const busPort = given ?? port + 10_000;
  if (announce === "host") {
    const first = firstHostPort ?? Infinity;
    const last = first + nodes - 1;
    if (first <= busPort && busPort <= last)
      report("busPort", busPort, `a port that no node uses for clients; these are ${first} to ${last}`);
  } else if (busPort === port) {
    report("busPort", busPort, `another port than \`port\`, which is ${port}`);
  }
  if (
    firstHostPort !== undefined &&
    firstHostBusPort !== undefined &&
    Math.abs(firstHostPort - firstHostBusPort) < nodes
  ) {
    report("firstHostBusPort", firstHostBusPort, `at least ${nodes} away from \`firstHostPort\``);
  }
  return { port, busPort, firstHostPort, firstHostBusPort };
}

type ClusterPorts = Pick<
  ClusterShape,
  "announce" | "port" | "busPort" | "firstHostPort" | "firstHostBusPort"
>;

/** Reports a directive that may set a password in addition to the option `password`. */
function validatePasswordOnce(options: ClusterShape, config: RedisConfig, report: ReportProblem): void {
  if (options.password === undefined || !hasDefaultUserLine(config)) return;
  report(
    'config["user"]',
    new Redacted("a line for the default user"),
    "no line for the default user together with the option `password`",
    "Remove the line.",
  );
}

/** Returns whether a line of the directive `user` describes the default user. */
function hasDefaultUserLine(config: RedisConfig): boolean {
  return [config["user"] ?? []].flat().some((line) => /^\s*"?default"?(\s|$)/.test(String(line)));
}

/** Reports options that `announce: "host"` determines. */
function validateAnnouncement(
  { port }: ClusterShape,
  { announce, joinNetworks = [] }: Values<Pick<ClusterShape, "announce" | "joinNetworks">>,
  config: RedisConfig,
  report: ReportProblem,
): void {
  if (announce !== "host") return;
  if (joinNetworks.length > 0) {
    const allowed =
      'no networks together with `announce: "host"`, which containers in other networks cannot reach';
    report("joinNetworks", joinNetworks, allowed, "Remove one of both.");
  }
  if (port !== undefined)
    report("port", port, 'no value together with `announce: "host"`', "Set `firstHostPort` instead.");
  for (const directive of ["cluster-announce-hostname", "cluster-preferred-endpoint-type"]) {
    if (config[directive] === undefined) continue;
    const option = `config[${JSON.stringify(directive)}]`;
    report(option, config[directive], 'no value together with `announce: "host"`', "Remove one of both.");
  }
}
