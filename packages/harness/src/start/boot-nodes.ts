import { posix } from "node:path";
import { limitConcurrency } from "../timing/limit-concurrency.ts";
import type { ClusterCertificates } from "../certificates/cluster-certificates.ts";
import type { Access } from "../clients/access.ts";
import type { AddressTable } from "../clients/address-table.ts";
import { NodeConnection } from "../clients/node-connection.ts";
import type { Engine } from "../docker/engine.ts";
import type { ImageConfig } from "../docker/image-config.ts";
import { joinNetworks } from "../docker/join-networks.ts";
import { removeLeftoverContainers, isUnanswered } from "../docker/leftover-containers.ts";
import { type NodeFile, NodeContainer, removeContainers } from "../docker/node-container.ts";
import { type ConfigureNode, RedisNodeContainer } from "../docker/redis-node-container.ts";
import { isForbidden } from "../docker/forbidden-request.ts";
import { isPortRace, startError, unsuitableImage } from "../docker/start-error.ts";
import { messageOf, RedisClusterError } from "../errors.ts";
import type { CleanupStack } from "../cleanup/cleanup-stack.ts";
import { pause } from "../clock/real-time.ts";
import { directAccessUnavailable, requireRoute } from "../docker/access-path.ts";
import { abortable } from "../timing/deadline.ts";
import { log } from "../log.ts";
import type { ClusterPlan, NodePlan } from "../plan/cluster-plan.ts";
import { TLS_FILES, TLS_FOLDER } from "../plan/node-files.ts";
import { explainUnsuitableServer } from "./explain-unsuitable-server.ts";

/** The inputs of {@link bootNodes}, and the collections that it fills, so that a failed start knows what has been created. */
export interface BootContext {
  readonly engine: Engine;
  readonly plan: ClusterPlan;
  readonly addresses: AddressTable;
  readonly access: Access;
  readonly certificates: ClusterCertificates | undefined;
  /** The properties of the image of the plan. */
  readonly image: ImageConfig;
  /** Filled: the containers that have been created, by node index. */
  readonly containers: NodeContainer[];
  /** Filled: the connections that have been opened, by node index. */
  readonly connections: NodeConnection[];
  readonly cleanup: CleanupStack;
  /** Filled: the names of containers that the engine may have created although it did not answer the request. */
  readonly unconfirmed: Set<string>;
  readonly configureNode: ConfigureNode | undefined;
  readonly signal: AbortSignal;
}

/** Nodes that are booting. */
export interface BootingNodes {
  /** By node index. Each promise resolves as soon as the node answers. */
  readonly connections: readonly Promise<NodeConnection>[];
  /**
   * Returns why nodes are created without hardening: the answer of the engine. Undefined while all are created with hardening.
   */
  readonly hardeningFallbackReason: () => string | undefined;
}

/** The hardening of containers, which all nodes share. */
interface Hardening {
  /** The answer of the engine if it refused to create a container with hardening; undefined while containers have hardening. */
  refusal: string | undefined;
}

/**
 * Starts booting all nodes, a few at a time in the order of the plan. That takes the engine as long as starting all at the same
 * time, and the primaries, which are first in the plan, are up while other nodes still boot.
 */
export function bootNodes(context: BootContext): BootingNodes {
  const { engine, plan, cleanup, unconfirmed } = context;
  const limit = limitConcurrency(Math.max(3, engine.cpus + 1));
  const hardening: Hardening = { refusal: undefined };
  const nodes = plan.nodes.map((node) => {
    const { promise: created, resolve } = Promise.withResolvers<string | undefined>();
    const started = limit(() => startContainer(context, node, hardening, resolve));
    // Resolves `created` in any case, because the cleanup waits for it.
    const booted = started
      .then((container) => connect(context, node, container))
      .finally(() => resolve(undefined));
    return { created, booted };
  });
  cleanup.add("containers", `the containers of ${plan.name}`, async () => {
    // Each container is removed as soon as its id is known: if it has exited, Testcontainers waits ten seconds for its ports.
    await removeContainers(
      engine,
      nodes.map(({ created }) => created),
    );
    await Promise.allSettled(nodes.map(({ booted }) => booted));
    await removeLeftoverContainers(engine, plan.name, [...unconfirmed]);
  });
  return {
    connections: nodes.map(({ booted }) => booted),
    hardeningFallbackReason: () => hardening.refusal,
  };
}

/** @param onCreated is called with the id of the container. */
async function startContainer(
  {
    engine,
    plan,
    addresses,
    certificates,
    image,
    containers,
    unconfirmed,
    configureNode,
    signal,
  }: BootContext,
  node: NodePlan,
  hardening: Hardening,
  onCreated: (id: string) => void,
): Promise<RedisNodeContainer> {
  signal.throwIfAborted();
  const files = tlsFiles(certificates, node);
  const container = new RedisNodeContainer(engine, plan, node, image, async (id) => {
    const nodeContainer = new NodeContainer(engine, node, id, plan.publishesPorts);
    containers[node.index] = nodeContainer;
    onCreated(id);
    await joinNetworks(engine, plan.joinNetworks, id, node);
    // The other files are arguments of the container, which `docker inspect` shows. A private key must not be visible there.
    if (files.length > 0) {
      const isVolume = container.hasVolumesBelowTmp;
      await nodeContainer.putSecrets(TLS_FOLDER, files, container.user, { isVolume });
    }
  });
  // The function of the user may wait for anything, so the deadline of the start applies.
  await abortable(Promise.resolve(configureNode?.(container, node)), signal);
  try {
    const isMissing = (): boolean => containers[node.index] === undefined;
    const started = await createAndStart(container, node, hardening, isMissing);
    const published = plan.publishesPorts
      ? { host: engine.host, port: started.getMappedPort(node.port) }
      : undefined;
    addresses.set(node, published);
  } catch (error) {
    const nodeContainer = containers[node.index];
    if (nodeContainer === undefined && isUnanswered(error)) unconfirmed.add(node.containerName);
    if (nodeContainer === undefined || !isPortRace(node, error)) throw startError(node, error, plan.image);
    await nodeContainer.start();
    addresses.set(node, await nodeContainer.publishedAddress());
  }
  return container;
}

/**
 * Creates and starts a container. If the engine refuses to create it, tries once more without hardening.
 *
 * @param isMissing returns whether the container has not been created.
 */
async function createAndStart(
  container: RedisNodeContainer,
  node: NodePlan,
  hardening: Hardening,
  isMissing: () => boolean,
): ReturnType<RedisNodeContainer["start"]> {
  const isHardened = hardening.refusal === undefined;
  if (!isHardened) container.withoutHardening();
  try {
    return await container.start();
  } catch (error) {
    if (!isHardened || !isMissing() || !isForbidden(error)) throw error;
    const refusal = messageOf(error);
    if (hardening.refusal === undefined) {
      log(
        "the engine refused to create %s (%s); retrying without hardening: see docs/guides/security.md",
        node.name,
        refusal,
      );
    }
    hardening.refusal ??= refusal;
    try {
      return await container.withoutHardening().start();
    } catch (secondError) {
      if (!isMissing() || !isForbidden(secondError)) throw secondError;
      throw new RedisClusterError(
        "START_FAILED",
        `${node.name} could not be started: the engine refused its container (${refusal}), and also a container without ` +
          `labelled volumes, dropped capabilities and no-new-privileges (${messageOf(secondError)}).`,
        { cause: secondError, details: { node: node.name } },
      );
    }
  }
}

function tlsFiles(certificates: ClusterCertificates | undefined, node: NodePlan): readonly NodeFile[] {
  const own = certificates?.nodes[node.index];
  if (certificates === undefined || own === undefined) return [];
  const file = (path: string, content: string): NodeFile => ({
    name: posix.basename(path),
    mode: 0o600,
    content,
  });
  return [file(TLS_FILES.ca, certificates.ca), file(TLS_FILES.cert, own.cert), file(TLS_FILES.key, own.key)];
}

/**
 * Explains why a server resets connections. Redis 6.2 resets that of a client that it denies access, so that it never becomes ready.
 * A proxy resets connections, too, until the server listens. Never resolves if the node becomes ready.
 */
async function explainResets(
  connection: NodeConnection,
  ready: Promise<void>,
  explain: () => Promise<string | undefined>,
): Promise<string> {
  let isReady = false;
  ready.then(
    () => (isReady = true),
    () => {},
  );
  for (;;) {
    await connection.nextReset();
    const reason = isReady ? undefined : await explain();
    if (reason !== undefined) return reason;
    if (isReady) return await new Promise(() => {});
  }
}

async function connect(
  { engine, plan, addresses, access, containers, connections, cleanup, signal }: BootContext,
  node: NodePlan,
  { entrypoint }: RedisNodeContainer,
): Promise<NodeConnection> {
  signal.throwIfAborted();
  const connection = new NodeConnection(node, addresses, access, plan.timeScale);
  connections[node.index] = connection;
  cleanup.add("connections", `the connection to ${node.name}`, () => connection.close());
  if (plan.access === "direct" && engine.traits.createsBridgesLate) await requireRoute(plan);
  // With the directive `bind`, the server itself may be the reason why it is not reached.
  const ready =
    plan.access === "direct" && !/^bind /m.test(node.redisConf)
      ? readyDirectly(connection, containers[node.index] as NodeContainer, plan.timeScale, signal)
      : connection.ready(signal);
  const explain = (): Promise<string | undefined> =>
    explainUnsuitableServer(connection, addresses.get(node), entrypoint);
  const reason = await Promise.race([ready.then(explain), explainResets(connection, ready, explain)]);
  if (reason === undefined) return connection;
  throw unsuitableImage(plan.image, reason, {
    details: { node: node.name },
    remedy:
      entrypoint === ""
        ? "Choose another image with the option `image`."
        : `If the image's entry point (${entrypoint}) ignores its arguments, ` +
          "`configureNode: (container) => { container.withEntrypoint([]); }` starts the server without it.",
  });
}

/** A server that has been ready for as long as this, and is not reached, will not be reached. It is multiplied by the time scale. */
const REACHED_WITHIN_MS = 1_000;

/**
 * Waits until a node is connected at its own address.
 *
 * @throws RedisClusterError DIRECT_ACCESS_UNAVAILABLE if the server is ready according to its log, but is not reached: a packet
 * filter of this host drops or rejects the packets.
 */
async function readyDirectly(
  connection: NodeConnection,
  container: NodeContainer,
  timeScale: number,
  signal: AbortSignal,
): Promise<void> {
  const ended = new AbortController();
  const ready = connection.ready(signal);
  // It is rejected when the connection of a failed start is closed.
  ready.catch(() => {});
  try {
    for (let wasReady = false; ; ) {
      const isConnected = await Promise.race([
        ready.then(() => true),
        pause(REACHED_WITHIN_MS * timeScale, ended.signal).then(() => false),
      ]);
      if (isConnected) return;
      // A server that has accepted a connection is reached, although a busy machine may delay its first answer.
      const { unreachableAt, wasAccepted } = connection;
      if (wasReady && !wasAccepted) {
        throw directAccessUnavailable(
          `${container.name} is ready, but this host does not reach it at ${unreachableAt}`,
        );
      }
      // If the engine does not answer, the log is read again at the next turn.
      wasReady = /Ready to accept connections/i.test(await container.logs().catch(() => ""));
    }
  } finally {
    ended.abort();
  }
}
