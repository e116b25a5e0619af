import { InvalidOptionsError, type OptionProblem } from "../errors.ts";
import { primaryCount, type ReplicaCounts } from "./layout.ts";
import { Hidden, type Report, reportUnknown, show } from "./option-problems.ts";
import type { ClusterShape, FormationChoice, Persistence, RedisConfig } from "./options.ts";
import type { Subnet } from "./subnet.ts";
import { stretch, validateTimeScale } from "./time-scale.ts";
import { validateAddresses } from "./validate-addresses.ts";
import { validateConfig, validateLabels, validatePassword } from "./validate-config.ts";
import { type ContainerLimits, validateContainer } from "./validate-container.ts";
import { type CommandNames, validateRenames, validateUserDirective } from "./validate-hardening.ts";
import { validateNames } from "./validate-names.ts";
import { isFileSeed, type ValidSeed, validateSeed } from "./validate-seed.ts";
import { type ValidTls, validateTls } from "./validate-tls.ts";
import { type ValidUsers, validateUsers } from "./validate-users.ts";

/**
 * The image that is used when neither the option nor the environment names one: the oldest line of Redis that
 * its publishers still maintain and that this library's own tests run.
 */
export const DEFAULT_IMAGE = "redis:8.0";
/** A widely used image with nftables and tc, for the helper that faults of the network need. */
export const DEFAULT_FAULT_IMAGE = "nicolaka/netshoot:v0.13";
/** The environment variables that name other default images. */
export const IMAGE_VARIABLES = {
  image: "TESTCONTAINERS_REDIS_CLUSTER_IMAGE",
  faultImage: "TESTCONTAINERS_REDIS_CLUSTER_FAULT_IMAGE",
} as const;
/** The environment variable that names another folder for evidence. */
export const EVIDENCE_VARIABLE = "TESTCONTAINERS_REDIS_CLUSTER_EVIDENCE_DIR";
const MOST_NODES = 100;
const MOST_REPLICAS = 32;
const REPLICAS = `an integer from 0 to ${MOST_REPLICAS}, or an array with such a number for each shard, as [2, 1, 0]`;

/** Options without gaps: each one is right, alone and beside the others. */
export interface ValidOptions extends ContainerLimits, ValidUsers {
  readonly timeScale: number;
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

const OPTION_NAMES: ReadonlySet<string> = new Set([
  "nodes",
  "replicas",
  "subnet",
  "gateway",
  "firstAddress",
  "image",
  "faultImage",
  "config",
  "nodeTimeoutMs",
  "persistence",
  "password",
  "users",
  "defaultUser",
  "replicationUser",
  "tls",
  "memoryMb",
  "cpus",
  "pidsLimit",
  "readOnlyRoot",
  "publishOn",
  "labels",
  "port",
  "busPort",
  "firstHostPort",
  "firstHostBusPort",
  "formation",
  "startupTimeoutMs",
  "timeScale",
  "evidenceDir",
  "seed",
  "signal",
  "configureNode",
] satisfies (keyof OptionsToValidate)[]);

/** The shape, and what is no part of the plan but can be wrong as well. */
export type OptionsToValidate = ClusterShape & {
  readonly signal?: unknown;
  readonly configureNode?: unknown;
  readonly seed?: unknown;
};

/**
 * Checks every option and fills in the defaults. Pure: asks neither Docker nor the network.
 *
 * @throws InvalidOptionsError naming everything that is wrong, not only the first thing.
 */
export function validateOptions(
  options: OptionsToValidate,
  environment: Readonly<Record<string, string | undefined>>,
): ValidOptions {
  const problems: OptionProblem[] = [];
  const report: Report = (option, given, allowed, remedy) => {
    problems.push({ option, given: show(given), allowed, ...(remedy === undefined ? {} : { remedy }) });
    return undefined;
  };
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new InvalidOptionsError([{ option: "options", given: show(options), allowed: "an object" }]);
  }
  for (const name of Object.keys(options)) {
    if (!OPTION_NAMES.has(name)) reportUnknown("", name, OPTION_NAMES, report);
  }

  const whole = (name: keyof ClusterShape, least: number, most: number): number | undefined => {
    const value: unknown = options[name];
    if (value === undefined) return undefined;
    if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
    return report(name, value, `an integer from ${least} to ${most}`);
  };
  const choice = <T extends string>(name: keyof ClusterShape, allowed: readonly T[]): T | undefined => {
    const value: unknown = options[name];
    if (value === undefined || allowed.includes(value as T)) return value as T | undefined;
    return report(name, value, `one of ${allowed.map((each) => `"${each}"`).join(", ")}`);
  };

  const { nodes, replicas } = validateSize(options, whole, report);
  const addresses = validateAddresses(options, nodes, isFileSeed(options.seed), report);
  const ports = validatePorts(options, nodes, whole, report);
  const nodeTimeoutMs = whole("nodeTimeoutMs", 100, 600_000) ?? 1_000;
  const startupTimeoutMs = whole("startupTimeoutMs", 100, 3_600_000) ?? 60_000 + 1_000 * nodes;
  const timeScale = validateTimeScale(options.timeScale, environment, report);
  const persistence = choice<Persistence>("persistence", ["none", "aof", "rdb"]) ?? "none";
  const formation = choice<FormationChoice>("formation", ["auto", "meet"]) ?? "auto";
  const image = validateImage("image", DEFAULT_IMAGE, options, environment, report);
  const faultImage = validateImage("faultImage", DEFAULT_FAULT_IMAGE, options, environment, report);
  const evidenceDir = validateEvidenceDir(options.evidenceDir, environment, report);
  const password = validatePassword(options.password, report);
  const labels = validateLabels(options.labels, report);
  const config = validateConfig(options.config, report);
  const commandNames = validateRenames(config, report);
  validateNames(config, nodes, report);
  validateUserDirective(config, report);
  if (options.password !== undefined && isDefaultUserIn(config)) {
    report(
      'config["user"]',
      new Hidden("a line for the default user"),
      "no line for the default user together with the option `password`",
      "Remove the line.",
    );
  }
  const users = validateUsers(options, config, report);
  const tls = validateTls(options.tls, config, report);
  const container = validateContainer(options, whole, report);
  const seed = validateSeed(options.seed, { nodes, replicas }, config, report);
  if (options.signal !== undefined && !(options.signal instanceof AbortSignal)) {
    report("signal", options.signal, "an AbortSignal");
  }
  if (options.configureNode !== undefined && typeof options.configureNode !== "function") {
    report("configureNode", options.configureNode, "a function");
  }

  if (problems.length > 0) throw new InvalidOptionsError(problems);
  const valid = {
    nodes,
    replicas,
    ...addresses,
    image,
    faultImage,
    config,
    nodeTimeoutMs,
    persistence,
    password,
    ...users,
    commandNames,
    tls,
    labels,
    ...ports,
    ...container,
    formation,
    startupTimeoutMs,
    timeScale,
    evidenceDir,
    seed,
  };
  return stretch(valid, timeScale);
}

/** The number of nodes, and how they are divided into shards. */
function validateSize(
  options: ClusterShape,
  whole: (name: keyof ClusterShape, least: number, most: number) => number | undefined,
  report: Report,
): { readonly nodes: number; readonly replicas: ReplicaCounts } {
  const given: unknown = options.replicas;
  if (Array.isArray(given)) return validateShards(given, whole, report);
  const nodes = whole("nodes", 1, MOST_NODES);
  const replicas = given === undefined || isReplicaCount(given) ? given : report("replicas", given, REPLICAS);
  const problem =
    (options.nodes !== undefined && nodes === undefined) || (given !== undefined && replicas === undefined);
  const size = { nodes: nodes ?? 6, replicas: replicas ?? 1 };
  if (!problem && primaryCount(size.nodes, size.replicas) < 1) {
    const least = size.replicas + 1;
    const remedy = `Give at least ${least} nodes, or fewer replicas: { nodes: ${size.nodes}, replicas: ${size.nodes - 1} } is one shard.`;
    const why = `room for one primary and its ${size.replicas} ${size.replicas === 1 ? "replica" : "replicas"}: `;
    if (given === undefined)
      report("nodes", size.nodes, `${why}an integer from ${least} to ${MOST_NODES}`, remedy);
    else report("replicas", size.replicas, `${why}an integer from 0 to ${size.nodes - 1}`, remedy);
  }
  return size;
}

function isReplicaCount(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= MOST_REPLICAS;
}

/** The replicas of each shard, one by one. */
function validateShards(
  given: readonly unknown[],
  whole: (name: keyof ClusterShape, least: number, most: number) => number | undefined,
  report: Report,
): { readonly nodes: number; readonly replicas: readonly number[] } {
  // Array.from fills the holes of a sparse array.
  const counts = Array.from(given);
  const fits = counts.length > 0 && counts.every(isReplicaCount);
  const replicas = fits ? counts : [0];
  if (!fits) report("replicas", given, REPLICAS);
  const nodes = whole("nodes", 1, MOST_NODES);
  const total = replicas.reduce((sum, each) => sum + 1 + each, 0);
  if (fits && total > MOST_NODES)
    report("replicas", given, `at most ${MOST_NODES} nodes in all shards together`);
  if (fits && nodes !== undefined && nodes !== total) {
    report(
      "nodes",
      nodes,
      `${total}, the number of nodes that \`replicas: ${JSON.stringify(replicas)}\` asks for`,
      "Leave out `nodes`, or correct `replicas`.",
    );
  }
  return { nodes: Math.min(total, MOST_NODES), replicas };
}

/** Whether the directive `user` describes the default user. */
function isDefaultUserIn(config: RedisConfig): boolean {
  return [config["user"] ?? []].flat().some((line) => /^\s*"?default"?(\s|$)/.test(String(line)));
}

function validatePorts(
  options: ClusterShape,
  nodes: number,
  whole: (name: keyof ClusterShape, least: number, most: number) => number | undefined,
  report: Report,
): Pick<ValidOptions, "port" | "busPort" | "firstHostPort" | "firstHostBusPort"> {
  // Redis derives the bus port from the client port unless told otherwise, and it has to be a port too.
  const port = whole("port", 1, options.busPort === undefined ? 55_535 : 65_535) ?? 6379;
  const busPort = whole("busPort", 1, 65_535) ?? port + 10_000;
  if (busPort === port) report("busPort", busPort, `another port than \`port\`, which is ${port}`);
  const firstHostPort = whole("firstHostPort", 1, 65_536 - nodes);
  const firstHostBusPort = whole("firstHostBusPort", 1, 65_536 - nodes);
  if (
    firstHostPort !== undefined &&
    firstHostBusPort !== undefined &&
    Math.abs(firstHostPort - firstHostBusPort) < nodes
  ) {
    report("firstHostBusPort", firstHostBusPort, `at least ${nodes} away from \`firstHostPort\``);
  }
  return { port, busPort, firstHostPort, firstHostBusPort };
}

function validateImage(
  name: "image" | "faultImage",
  otherwise: string,
  options: ClusterShape,
  environment: Readonly<Record<string, string | undefined>>,
  report: Report,
): string {
  const variable = IMAGE_VARIABLES[name];
  const fromEnvironment = environment[variable] || undefined;
  const image: unknown = options[name] === undefined ? (fromEnvironment ?? otherwise) : options[name];
  if (typeof image === "string" && /^[\w][\w.:/@-]*$/.test(image)) return image;
  const source = options[name] === undefined ? `environment variable ${variable}` : name;
  report(source, image, `an image reference, such as "${otherwise}"`);
  return otherwise;
}

function validateEvidenceDir(
  given: unknown,
  environment: Readonly<Record<string, string | undefined>>,
  report: Report,
): string | undefined {
  if (given === undefined) return environment[EVIDENCE_VARIABLE] || undefined;
  // The system knows no path with that character.
  if (typeof given === "string" && given !== "" && !given.includes("\0")) return given;
  return report("evidenceDir", given, "the path of a folder");
}
