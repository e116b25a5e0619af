import { type Engine, findClient, findEngine, readProperties } from "../docker/engine.ts";
import { findAccessObstacle, rememberObstacle, requireReachableEngine } from "../docker/access-path.ts";
import { announcedHost } from "../docker/published-hosts.ts";
import { requireOneTestcontainers } from "../docker/installed-packages.ts";
import { chooseFreePorts, requireFreePorts } from "../docker/free-ports.ts";
import { findMissingNetworks } from "../docker/join-networks.ts";
import { InvalidOptionsError, messageOf, RedisClusterError } from "../errors.ts";
import { log } from "../log.ts";
import { imageName } from "../docker/image-name.ts";
import { PULL_TIMEOUT_MS, provideImage } from "../docker/provide-image.ts";
import { checkNeighbourTable } from "../docker/host-limits.ts";
import { requireLimits } from "../docker/require-limits.ts";
import { isReaperDisabled } from "../docker/start-reaper.ts";
import { abortable, startDeadline } from "../timing/deadline.ts";
import { CLUSTER_OPTIONS } from "../plan/cluster-options.ts";
import { type ValidOptions, validateOptions } from "../plan/validate-options.ts";
import { formatValue } from "../schema/format-value.ts";
import { readSeed } from "../seed/read-seed.ts";
import type { RedisClusterOptions } from "./options.generated.ts";
import type { ClusterHandle } from "../handle/cluster-handle.ts";
import type { StartedRedisCluster } from "../handle/started-redis-cluster.ts";
import { monotonicMs } from "../clock/real-time.ts";
import { StartupSequence } from "./startup-sequence.ts";

/**
 * Starts a real Redis Cluster, with one container per node in a network of its own. Resolves when the cluster has been verified:
 * all nodes agree on members, roles and slots, all slots are covered, replicas are in sync, and every shard accepts a write.
 *
 * Stop the cluster with `stop()` or `await using`. If this process dies before, a watcher process of this library removes
 * everything: see docs/internals/cleaning-up.md. A start that fails leaves no container, network, connection or timer, and its
 * error contains the evidence.
 *
 * @param options the shape of the cluster, and the options of the start. @default three shards of two nodes
 * @returns the started cluster.
 * @throws InvalidOptionsError INVALID_OPTIONS with all problems, before anything is started, if options are invalid.
 * @throws RedisClusterError PACKAGE_CONFLICT if `@testcontainers/redis` uses another copy of Testcontainers than this library.
 * @throws RedisClusterError SUBNET_TAKEN if the `subnet` is in use.
 * @throws RedisClusterError NO_FREE_SUBNET if no private range is free.
 * @throws RedisClusterError HOST_LIMIT if the cluster is too large for the neighbour table of the host.
 * @throws RedisClusterError NO_DOCKER if no Docker engine answers.
 * @throws RedisClusterError REAPER_UNAVAILABLE if Testcontainers' reaper does not start.
 * @throws RedisClusterError IMAGE_UNAVAILABLE if the image cannot be pulled.
 * @throws RedisClusterError IMAGE_UNSUITABLE if the image cannot be used for a cluster.
 * @throws RedisClusterError PORT_TAKEN if another program uses a port of the host.
 * @throws RedisClusterError DIRECT_ACCESS_UNAVAILABLE if this host cannot reach the nodes directly, with `access: "direct"`.
 * @throws RedisClusterError LIMITS_UNAVAILABLE if the engine would ignore the options `memoryMb`, `cpus` or `pidsLimit`.
 * @throws RedisClusterError NODE_EXITED if a node exits during the start.
 * @throws RedisClusterError FORMATION_FAILED if a server rejects a command that forms the cluster.
 * @throws RedisClusterError START_FAILED if the start fails for another reason.
 * @throws RedisClusterError START_TIMEOUT if a timeout passes: that of the start, or that of finding the engine or the image.
 * @throws RedisClusterError START_ABORTED if the signal is aborted.
 * @example
 * await using cluster = await startRedisCluster({ nodes: 6 });
 * await cluster.client.set("order:42", "paid");
 */
export async function startRedisCluster(options: RedisClusterOptions = {}): Promise<StartedRedisCluster> {
  const { cluster } = await startForRunner({ timeoutMs: undefined, evidenceDir: undefined }, options);
  return cluster;
}

/** The options of a start that a test runner requests. */
export interface RunnerStartOptions {
  /** The remaining time of the test, in milliseconds, which the time scale does not multiply; undefined if there is no limit. */
  readonly timeoutMs: number | undefined;
  /**
   * The folder for the evidence of a failed start if the option `evidenceDir` is not set. Failed calls of the started cluster do
   * not write evidence to it.
   */
  readonly evidenceDir: string | undefined;
}

/** Starts a cluster for a test runner: see {@link startRedisCluster}. */
export async function startForRunner(
  { timeoutMs, evidenceDir }: RunnerStartOptions,
  options: RedisClusterOptions,
): Promise<ClusterHandle> {
  const startedAt = monotonicMs();
  const remainingMs = (): number =>
    timeoutMs === undefined ? Number.POSITIVE_INFINITY : Math.max(1, timeoutMs - (monotonicMs() - startedAt));
  const valid = withImageNames(validateOptions(options, process.env));
  const seed = valid.seed && (await readSeed(valid.seed));
  const { signal, configureNode } = options;
  const engine = await prepare(valid, remainingMs, signal);
  const preparedAt = monotonicMs();

  const start = async (): Promise<ClusterHandle> => {
    const attemptedAt = monotonicMs();
    const remainingOfStartMs = Math.max(1, valid.startupTimeoutMs - (attemptedAt - preparedAt));
    const sequence = new StartupSequence(engine, await withHostPorts(engine, valid), {
      timeoutMs: Math.min(remainingMs(), remainingOfStartMs),
      signal,
      configureNode,
      seed,
      evidenceDir: valid.evidenceDir ?? evidenceDir,
    });
    return await sequence.run(startedAt, attemptedAt - startedAt);
  };
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start();
    } catch (error) {
      if (attempt === MAX_STARTS || !isRepeatable(error, engine, valid)) throw error;
      log("starting again, because the attempt failed: %s", messageOf(error));
    }
  }
}

/** How often a cluster is started if another program takes a port that this library chose. */
const MAX_STARTS = 5;

/** Returns whether another start may succeed, because it chooses another port or another way to reach the nodes. */
function isRepeatable(error: unknown, engine: Engine, options: ValidOptions): boolean {
  const obstacle = findAccessObstacle(error);
  if (obstacle !== undefined && options.access === "auto") {
    rememberObstacle(engine, obstacle);
    return true;
  }
  return error instanceof RedisClusterError && error.code === "PORT_TAKEN" && mustChoosePorts(options);
}

/** Returns whether the plan needs ports of the host that the options do not contain. */
function mustChoosePorts({ announce, firstHostPort }: ValidOptions): boolean {
  return announce === "host" && firstHostPort === undefined;
}

/** Completes the options with unused ports of the host if the nodes announce them. */
async function withHostPorts(engine: Engine, options: ValidOptions): Promise<ValidOptions> {
  if (!mustChoosePorts(options)) return options;
  const { nodes, busPort, firstHostBusPort } = options;
  const published =
    firstHostBusPort === undefined
      ? []
      : Array.from({ length: nodes }, (_, index) => firstHostBusPort + index);
  return {
    ...options,
    firstHostPort: await chooseFreePorts(engine, nodes, [busPort, ...published], Math.random),
  };
}

/** An engine usually answers within milliseconds. A virtual machine that must be resumed first may need some seconds. */
const ENGINE_TIMEOUT_MS = 30_000;

/**
 * Finds the engine, and pulls the image if the engine does not have it. Steps that may pull an image have a timeout of at least
 * ten minutes, because the duration of a first pull says nothing about the engine.
 *
 * @param remainingMs returns the remaining time of the test, in milliseconds.
 */
async function prepare(
  options: ValidOptions,
  remainingMs: () => number,
  signal: AbortSignal | undefined,
): Promise<Engine> {
  const { image, nodes, startupTimeoutMs, timeScale } = options;
  requireOneTestcontainers();
  const answerTimeoutMs = ENGINE_TIMEOUT_MS * timeScale;
  const pullTimeoutMs = Math.max(PULL_TIMEOUT_MS * timeScale, startupTimeoutMs);
  const step = async <T>(what: string, timeoutMs: number, act: () => Promise<T>): Promise<T> => {
    using deadline = startDeadline({
      timeoutMs: Math.min(remainingMs(), timeoutMs),
      signal,
      what: () => what,
      timeoutCode: "START_TIMEOUT",
      abortCode: "START_ABORTED",
    });
    deadline.signal.throwIfAborted();
    return await abortable(act(), deadline.signal);
  };
  await step(
    "Finding the Docker engine",
    answerTimeoutMs,
    async () => await readProperties(await findClient()),
  );
  const reaperTimeoutMs = isReaperDisabled() ? answerTimeoutMs : pullTimeoutMs;
  const engine = await step("Preparing Testcontainers' reaper (Ryuk)", reaperTimeoutMs, findEngine);
  // These reject what is impossible with this engine, before anything is created.
  requireReachableEngine(engine, options);
  // The default protects the host, and is not a request.
  const pidsLimit = options.pidsLimit === CLUSTER_OPTIONS.pidsLimit.default ? undefined : options.pidsLimit;
  requireLimits(engine, { ...options, pidsLimit });
  announcedHost(engine, options);
  await requireFreePorts(engine, options);
  await step("Finding the networks to join", answerTimeoutMs, () => requireNetworks(engine, options));
  await Promise.all([
    provideImage(engine, image, "image", {
      lookUp: (what, look) => step(what, answerTimeoutMs, look),
      pull: (what, pull) => step(what, pullTimeoutMs, pull),
    }),
    checkNeighbourTable(engine, nodes),
  ]);
  return engine;
}

/** @throws InvalidOptionsError with the networks of the option `joinNetworks` that do not exist. */
async function requireNetworks(engine: Engine, { joinNetworks }: ValidOptions): Promise<void> {
  const missing = await findMissingNetworks(engine, joinNetworks);
  if (missing.length === 0) return;
  throw new InvalidOptionsError([
    {
      option: "joinNetworks",
      given: formatValue(missing),
      allowed: "names of networks that the engine has",
      remedy: "Start the Compose project first, or create the network; `docker network ls` lists all names.",
    },
  ]);
}

/** Replaces the names of the images by the names that Testcontainers resolves, so that every later use means the same images. */
function withImageNames(options: ValidOptions): ValidOptions {
  const { image, faultImage } = options;
  return { ...options, image: imageName(image), faultImage: imageName(faultImage) };
}
