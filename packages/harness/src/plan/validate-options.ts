import { InvalidOptionsError, type OptionProblem } from "../errors.ts";
import { primaryCount } from "./layout.ts";
import { Hidden, type Report, show } from "./option-problems.ts";
import type { ClusterShape, FormationChoice, Persistence, RedisConfig } from "./options.ts";
import type { Subnet } from "./subnet.ts";
import { stretch, type ValidTimeScale, validateTimeScale } from "./time-scale.ts";
import { validateAddresses } from "./validate-addresses.ts";
import { validateConfig, validateLabels, validatePassword } from "./validate-config.ts";
import { type ContainerLimits, validateContainer } from "./validate-container.ts";
import { validateNames } from "./validate-names.ts";
import { type ValidTls, validateTls } from "./validate-tls.ts";
import { type ValidUser, validateUsers } from "./validate-users.ts";

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
/** Options without gaps: each one is right, alone and beside the others. */
export interface ValidOptions extends ContainerLimits, ValidTimeScale {
  readonly nodes: number;
  readonly replicas: number;
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
  readonly users: readonly ValidUser[];
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
  "signal",
  "configureNode",
] satisfies (keyof OptionsToValidate)[]);

/** The shape, and what is no part of the plan but can be wrong as well. */
export type OptionsToValidate = ClusterShape & {
  readonly signal?: unknown;
  readonly configureNode?: unknown;
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
  const report = (option: string, given: unknown, allowed: string): undefined => {
    problems.push({ option, given: show(given), allowed });
    return undefined;
  };
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new InvalidOptionsError([{ option: "options", given: show(options), allowed: "an object" }]);
  }
  for (const name of Object.keys(options)) {
    // The value is not shown: it may be a password under a misspelt name.
    if (!OPTION_NAMES.has(name)) report(name, new Hidden("something"), "there is no such option");
  }

  const whole = (name: keyof ClusterShape, least: number, most: number): number | undefined => {
    const value: unknown = options[name];
    if (value === undefined) return undefined;
    if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
    return report(name, value, `a whole number from ${least} to ${most}`);
  };
  const choice = <T extends string>(name: keyof ClusterShape, allowed: readonly T[]): T | undefined => {
    const value: unknown = options[name];
    if (value === undefined || allowed.includes(value as T)) return value as T | undefined;
    return report(name, value, `one of ${allowed.map((each) => `"${each}"`).join(", ")}`);
  };

  const nodes = whole("nodes", 3, 100) ?? 6;
  const replicas = whole("replicas", 0, 32) ?? 1;
  if (
    !problems.some(({ option }) => option === "nodes" || option === "replicas") &&
    primaryCount(nodes, replicas) < 3
  ) {
    const reason = `a cluster needs three primaries, so at least ${3 * (replicas + 1)} nodes for ${replicas} replicas per primary, or fewer replicas`;
    report(
      options.replicas === undefined ? "nodes" : "replicas",
      options.replicas === undefined ? nodes : replicas,
      reason,
    );
  }
  const addresses = validateAddresses(options, nodes, report);
  const ports = validatePorts(options, nodes, whole, report);
  const nodeTimeoutMs = whole("nodeTimeoutMs", 100, 600_000) ?? 1_000;
  const startupTimeoutMs = whole("startupTimeoutMs", 100, 3_600_000) ?? 60_000 + 1_000 * nodes;
  const time = validateTimeScale(options.timeScale, environment, report);
  const persistence = choice<Persistence>("persistence", ["none", "aof", "rdb"]) ?? "none";
  const formation = choice<FormationChoice>("formation", ["auto", "meet"]) ?? "auto";
  const image = validateImage("image", DEFAULT_IMAGE, options, environment, report);
  const faultImage = validateImage("faultImage", DEFAULT_FAULT_IMAGE, options, environment, report);
  const evidenceDir = validateEvidenceDir(options.evidenceDir, environment, report);
  const password = validatePassword(options.password, report);
  const labels = validateLabels(options.labels, report);
  const config = validateConfig(options.config, report);
  validateNames(config, nodes, report);
  const users = validateUsers(options.users, report);
  if (users.length > 0 && Object.hasOwn(config, "user")) {
    report('config["user"]', new Hidden("a secret"), "not to be set beside the option `users`");
  }
  const tls = validateTls(options.tls, config, report);
  const container = validateContainer(options, whole, report);
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
    users,
    tls,
    labels,
    ...ports,
    ...container,
    formation,
    startupTimeoutMs,
    ...time,
    evidenceDir,
  };
  return stretch(valid, time.timeScale);
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
  if (busPort === port) report("busPort", busPort, "another port than `port`");
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
