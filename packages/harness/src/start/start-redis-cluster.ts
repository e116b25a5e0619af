import { ClusterStart } from "./cluster-start.ts";
import {
  type Engine,
  ensureImage,
  findClient,
  findEngine,
  hasImage,
  imageName,
  locate,
  PULL_TIMEOUT_MS,
} from "../docker/engine.ts";
import { checkNeighbourTable } from "../docker/host-limits.ts";
import { isReaperDisabled } from "../docker/start-reaper.ts";
import type { ConfigureNode } from "../docker/redis-node-container.ts";
import { abortable, startDeadline } from "../timing/deadline.ts";
import type { ClusterShape } from "../plan/options.ts";
import { type ValidOptions, validateOptions } from "../plan/validate-options.ts";
import { readSeed } from "../seed/read-seed.ts";
import type { Seed } from "../seed/seed.ts";
import type { ClusterHandle } from "../handle/cluster-handle.ts";
import type { StartedRedisCluster } from "../handle/started-redis-cluster.ts";
import { monotonicMs } from "../clock/real-time.ts";

/** What {@link startRedisCluster} takes. */
export interface RedisClusterOptions extends ClusterShape {
  /** Aborts the start at any moment; whatever was begun is removed before the promise rejects. */
  readonly signal?: AbortSignal | undefined;
  /** Changes each node's container before it is created. */
  readonly configureNode?: ConfigureNode | undefined;
  /**
   * Data that are loaded before the start resolves, and that `reset()` returns to: see {@link Seed} and docs/seed.md. At most
   * 64 MiB. @default none
   */
  readonly seed?: Seed | undefined;
}

/**
 * Starts a real Redis Cluster, one container a node on a network of its own, and returns when it is proven ready:
 * every node agrees on members, roles and slots, all slots are covered, replicas are in sync, every shard takes a
 * write. Stop it with `stop()` or `await using`. If this process dies before, a watcher process of this library removes
 * what it left; see docs/cleaning-up.md.
 *
 * A start that fails leaves no container, network, connection or timer, and its error carries the evidence.
 *
 * @throws InvalidOptionsError when options are wrong: all of them at once, before anything is started.
 * @throws RedisClusterError with a code that docs/errors.md explains.
 */
export async function startRedisCluster(options: RedisClusterOptions = {}): Promise<StartedRedisCluster> {
  const { cluster } = await startForRunner({ timeoutMs: undefined, evidenceDir: undefined }, options);
  return cluster;
}

/** The options of a start by a test runner. */
export interface RunnerStartOptions {
  /** What is left of the runner's own time, in real milliseconds: no time scale stretches it. Undefined: no limit. */
  readonly timeoutMs: number | undefined;
  /** Where a start that fails writes its evidence, where the options name no folder. The cluster itself does not. */
  readonly evidenceDir: string | undefined;
}

/** {@link startRedisCluster} for a test runner. */
export async function startForRunner(
  { timeoutMs, evidenceDir }: RunnerStartOptions,
  options: RedisClusterOptions,
): Promise<ClusterHandle> {
  const begun = monotonicMs();
  const leftMs = (): number =>
    timeoutMs === undefined ? Number.POSITIVE_INFINITY : Math.max(1, timeoutMs - (monotonicMs() - begun));
  const valid = withImageNames(validateOptions(options, process.env));
  const seed = valid.seed && (await readSeed(valid.seed));
  const { signal, configureNode } = options;
  const engine = await prepare(valid, leftMs, signal);
  const prepareMs = monotonicMs() - begun;

  const start = new ClusterStart(engine, valid, {
    timeoutMs: Math.min(leftMs(), valid.startupTimeoutMs),
    signal,
    configureNode,
    seed,
    evidenceDir: valid.evidenceDir ?? evidenceDir,
  });
  return await start.run(begun, prepareMs);
}

/** An engine that works answers within milliseconds; a virtual machine that has to wake up may need some seconds. */
const ENGINE_TIMEOUT_MS = 30_000;

/**
 * Finds the engine, and pulls the image if the engine does not have it. Only what may pull has ten minutes: the duration of
 * a first pull says nothing about the engine.
 *
 * @param leftMs returns the rest of the runner's own time.
 */
async function prepare(
  { image, nodes, startupTimeoutMs, timeScale }: ValidOptions,
  leftMs: () => number,
  signal: AbortSignal | undefined,
): Promise<Engine> {
  const answerMs = ENGINE_TIMEOUT_MS * timeScale;
  const pullMs = Math.max(PULL_TIMEOUT_MS * timeScale, startupTimeoutMs);
  const step = async <T>(what: string, timeoutMs: number, act: () => Promise<T>): Promise<T> => {
    using deadline = startDeadline({
      timeoutMs: Math.min(leftMs(), timeoutMs),
      signal,
      what: () => what,
      timeoutCode: "START_TIMEOUT",
      abortCode: "START_ABORTED",
    });
    deadline.signal.throwIfAborted();
    return await abortable(act(), deadline.signal);
  };
  await step("Finding the Docker engine", answerMs, async () => await locate(await findClient()));
  const reaperMs = isReaperDisabled() ? answerMs : pullMs;
  const engine = await step("Preparing Testcontainers' reaper (Ryuk)", reaperMs, findEngine);
  const bringImage = async (): Promise<void> => {
    const there = await step(`Looking for the image "${image}"`, answerMs, () => hasImage(engine, image));
    if (!there) await step(`Pulling the image "${image}"`, pullMs, () => ensureImage(engine, image, "image"));
  };
  await Promise.all([bringImage(), checkNeighbourTable(engine, nodes)]);
  return engine;
}

/** The options with the images' names as Testcontainers resolves them, so that every later use means the same images. */
function withImageNames(options: ValidOptions): ValidOptions {
  const { image, faultImage } = options;
  return { ...options, image: imageName(image), faultImage: imageName(faultImage) };
}
