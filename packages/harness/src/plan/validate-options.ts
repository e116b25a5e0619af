import { InvalidOptionsError, type OptionProblem } from "../errors.ts";
import { integer, isObject } from "../schema/option.ts";
import { Hidden, type Report, show } from "../schema/option-problems.ts";
import {
  type Environment,
  readOption,
  readOptions,
  reportUnknownNames,
  type Values,
} from "../schema/read-options.ts";
import { CLUSTER_OPTIONS, MAX_NODES, START_OPTIONS } from "./cluster-options.ts";
import { primaryCount, type ReplicaCounts } from "./layout.ts";
import type {
  ClusterShape,
  FormationChoice,
  Persistence,
  PublishOn,
  RedisConfig,
} from "./options.generated.ts";
import type { Subnet } from "./subnet.ts";
import { stretch } from "./time-scale.ts";
import { validateAddresses } from "./validate-addresses.ts";
import { validateConfig, validateLabels } from "./validate-config.ts";
import { type CommandNames, validateRenames, validateUserDirective } from "./validate-hardening.ts";
import { validateNames } from "./validate-names.ts";
import { type ValidSeed, validateSeed } from "./validate-seed.ts";
import { type ValidTls, validateTls } from "./validate-tls.ts";
import { type ValidUsers, validateUsers } from "./validate-users.ts";

/** Options without gaps: each one is right, alone and beside the others. */
export interface ValidOptions extends ValidUsers {
  readonly timeScale: number;
  readonly memoryMb: number | undefined;
  readonly cpus: number | undefined;
  readonly pidsLimit: number;
  readonly readOnlyRoot: boolean;
  readonly publishOn: PublishOn;
  readonly nodes: number;
  readonly replicas: ReplicaCounts;
  /** Undefined: one is still to be found among the free ones. */
  readonly subnet: Subnet | undefined;
  readonly gateway: number | undefined;
  readonly firstAddress: number | undefined;
  readonly image: string;
  readonly faultImage: string;
  readonly config: RedisConfig;
  readonly nodeTimeoutMs: number;
  readonly persistence: Persistence;
  /** `true`: a random one is still to be drawn. */
  readonly password: string | true | undefined;
  /** New names of commands that the library sends, by their own names in upper case. */
  readonly commandNames: CommandNames;
  readonly tls: ValidTls | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly port: number;
  readonly busPort: number;
  readonly firstHostPort: number | undefined;
  readonly firstHostBusPort: number | undefined;
  readonly formation: FormationChoice;
  readonly startupTimeoutMs: number;
  /** Undefined: none is written unless it is asked for. */
  readonly evidenceDir: string | undefined;
  /** Undefined: the cluster starts empty. */
  readonly seed: ValidSeed | undefined;
}

/** The shape of a cluster, and the options of a start that are not part of the plan. */
export type OptionsToValidate = ClusterShape & {
  readonly seed?: unknown;
  readonly signal?: unknown;
  readonly configureNode?: unknown;
};

/**
 * Validates all options and fills in the defaults. Pure: it asks neither the engine nor the network.
 *
 * @throws InvalidOptionsError with every problem, not only the first one.
 */
export function validateOptions(options: OptionsToValidate, environment: Environment): ValidOptions {
  const input: unknown = options;
  if (!isObject(input)) {
    throw new InvalidOptionsError([{ option: "options", given: show(options), allowed: "an object" }]);
  }
  const problems: OptionProblem[] = [];
  const report: Report = (option, given, allowed, remedy) => {
    problems.push({ option, given: show(given), allowed, ...(remedy === undefined ? {} : { remedy }) });
    return undefined;
  };
  reportUnknownNames({ ...CLUSTER_OPTIONS, ...START_OPTIONS }, input, report);

  const size = validateSize(options, report);
  const values = readOptions(tableFor(options, size.nodes), options, report, { environment });
  const addresses = validateAddresses(options, values, size.nodes, report);
  const ports = validatePorts(values, size.nodes, report);
  validateLabels(values.labels, report);
  const config = validateConfig(options.config, report);
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
  return stretch(valid, valid.timeScale);
}

/** The options of which the table has a default value. */
type Defaulted =
  | "image"
  | "faultImage"
  | "nodeTimeoutMs"
  | "persistence"
  | "readOnlyRoot"
  | "pidsLimit"
  | "publishOn"
  | "formation"
  | "timeScale";
type WithDefaults<T> = {
  readonly [Name in keyof T]: Name extends Defaulted ? NonNullable<T[Name]> : T[Name];
};

/** The number of nodes is needed for other options, and so is read first. */
const { nodes: NODES, replicas: REPLICAS, ...OTHER_OPTIONS } = CLUSTER_OPTIONS;

/** The table of all options but the size, with the ranges that depend on other options. */
function tableFor(options: ClusterShape, nodes: number): typeof OTHER_OPTIONS {
  const { port, firstHostPort, firstHostBusPort } = OTHER_OPTIONS;
  const hostPort = integer(1, 65_536 - nodes);
  return {
    ...OTHER_OPTIONS,
    // Without another bus port it is the client port plus 10 000, which has to be a port as well.
    port: options.busPort === undefined ? { ...port, schema: integer(1, 55_535) } : port,
    firstHostPort: { ...firstHostPort, schema: hostPort },
    firstHostBusPort: { ...firstHostBusPort, schema: hostPort },
  };
}

/** Validates the number of nodes, and how they are divided into shards. */
function validateSize(
  options: ClusterShape,
  report: Report,
): { readonly nodes: number; readonly replicas: ReplicaCounts } {
  const replicas = readOption("replicas", REPLICAS, options.replicas, report);
  const nodes = readOption("nodes", NODES, options.nodes, report);
  if (Array.isArray(options.replicas)) {
    return fitShards(nodes, Array.isArray(replicas) ? (replicas as readonly number[]) : undefined, report);
  }
  const size = { nodes: nodes ?? 6, replicas: typeof replicas === "number" ? replicas : 1 };
  const isValid = (options.nodes === undefined || nodes !== undefined) && replicas !== undefined;
  if (isValid && primaryCount(size.nodes, size.replicas) < 1) {
    const min = size.replicas + 1;
    const remedy = `Give at least ${min} nodes, or fewer replicas: { nodes: ${size.nodes}, replicas: ${size.nodes - 1} } is one shard.`;
    const room = `room for one primary and its ${size.replicas} ${size.replicas === 1 ? "replica" : "replicas"}: `;
    if (options.replicas === undefined)
      report("nodes", size.nodes, `${room}an integer from ${min} to ${MAX_NODES}`, remedy);
    else report("replicas", size.replicas, `${room}an integer from 0 to ${size.nodes - 1}`, remedy);
  }
  return size;
}

/** Compares a list of the replicas of each shard with the number of nodes. */
function fitShards(
  nodes: number | undefined,
  replicas: readonly number[] | undefined,
  report: Report,
): { readonly nodes: number; readonly replicas: readonly number[] } {
  if (replicas === undefined) return { nodes: 1, replicas: [0] };
  const total = replicas.reduce((sum, count) => sum + 1 + count, 0);
  if (total > MAX_NODES) report("replicas", replicas, `at most ${MAX_NODES} nodes in all shards together`);
  if (nodes !== undefined && nodes !== total) {
    report(
      "nodes",
      nodes,
      `${total}, the number of nodes that \`replicas: ${JSON.stringify(replicas)}\` asks for`,
      "Leave out `nodes`, or correct `replicas`.",
    );
  }
  return { nodes: Math.min(total, MAX_NODES), replicas };
}

function validatePorts(
  { port = 6_379, busPort: given, firstHostPort, firstHostBusPort }: Values<ClusterPorts>,
  nodes: number,
  report: Report,
): Pick<ValidOptions, keyof ClusterPorts> {
  const busPort = given ?? port + 10_000;
  if (busPort === port) report("busPort", busPort, `another port than \`port\`, which is ${port}`);
  if (
    firstHostPort !== undefined &&
    firstHostBusPort !== undefined &&
    Math.abs(firstHostPort - firstHostBusPort) < nodes
  ) {
    report("firstHostBusPort", firstHostBusPort, `at least ${nodes} away from \`firstHostPort\``);
  }
  return { port, busPort, firstHostPort, firstHostBusPort };
}

type ClusterPorts = Pick<ClusterShape, "port" | "busPort" | "firstHostPort" | "firstHostBusPort">;

/** Reports a password that is set by the option and by a directive. */
function validatePasswordOnce(options: ClusterShape, config: RedisConfig, report: Report): void {
  if (options.password === undefined || !isDefaultUserIn(config)) return;
  report(
    'config["user"]',
    new Hidden("a line for the default user"),
    "no line for the default user together with the option `password`",
    "Remove the line.",
  );
}

/** Whether the directive `user` describes the default user. */
function isDefaultUserIn(config: RedisConfig): boolean {
  return [config["user"] ?? []].flat().some((line) => /^\s*"?default"?(\s|$)/.test(String(line)));
}
