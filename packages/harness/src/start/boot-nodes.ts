import { posix } from "node:path";
import pLimit from "p-limit";
import type { ClusterCertificates } from "../certificates/cluster-certificates.ts";
import type { Access } from "../clients/access.ts";
import type { AddressTable } from "../clients/address-table.ts";
import { NodeConnection } from "../clients/node-connection.ts";
import type { Engine } from "../docker/engine.ts";
import type { ImageConfig } from "../docker/image-config.ts";
import { removeLeftoverContainers, isUnanswered } from "../docker/leftover-containers.ts";
import { type NodeFile, NodeContainer, removeContainer } from "../docker/node-container.ts";
import { type ConfigureNode, RedisNodeContainer } from "../docker/redis-node-container.ts";
import { isForbidden } from "../docker/forbidden-request.ts";
import { isPortRace, startError, unsuitableImage } from "../docker/start-error.ts";
import { messageOf, RedisClusterError } from "../errors.ts";
import type { CleanupStack } from "../cleanup/cleanup-stack.ts";
import { abortable } from "../timing/deadline.ts";
import { log } from "../log.ts";
import type { ClusterPlan, NodePlan } from "../plan/cluster-plan.ts";
import { TLS_FILES } from "../plan/node-files.ts";
import { whyNoClusterNode } from "./why-no-cluster-node.ts";

/** What booting needs, and what it fills as it goes: a failure has to see how far it came. */
export interface Boot {
  readonly engine: Engine;
  readonly plan: ClusterPlan;
  readonly addresses: AddressTable;
  readonly access: Access;
  readonly certificates: ClusterCertificates | undefined;
  /** What the engine says about the plan's image. */
  readonly image: ImageConfig;
  readonly containers: NodeContainer[];
  readonly connections: NodeConnection[];
  readonly cleanup: CleanupStack;
  /** Names of containers that the engine was asked for, and that it may have created without saying so. */
  readonly lost: Set<string>;
  readonly configureNode: ConfigureNode | undefined;
  readonly signal: AbortSignal;
}

/**
 * Begins to boot all nodes, a few at a time in their order: that takes the engine no longer than all at once, and
 * the primaries, which come first in the plan, are up while the others still boot. Each promise gives its node's
 * connection as soon as the node answers.
 */
export function bootNodes(boot: Boot): Booting {
  const { engine, plan, cleanup, lost } = boot;
  const limit = pLimit(Math.max(3, engine.cpus + 1));
  const attempt: Attempt = { refusal: undefined };
  const nodes = plan.nodes.map((node) => {
    const { promise: created, resolve } = Promise.withResolvers<string | undefined>();
    const started = limit(() => startContainer(boot, node, attempt, resolve));
    // No container will come any more: whoever waits for its id can go on.
    const booted = started
      .then((container) => connect(boot, node, container))
      .finally(() => resolve(undefined));
    return { created, booted };
  });
  cleanup.add("containers", `the containers of ${plan.name}`, async () => {
    // By id as soon as there is one: Testcontainers looks ten seconds for the ports of a container that has ended.
    await Promise.all(
      nodes.map(async ({ created }) => {
        const id = await created;
        if (id !== undefined) await removeContainer(engine, id);
      }),
    );
    await Promise.allSettled(nodes.map(({ booted }) => booted));
    await removeLeftoverContainers(engine, plan.name, [...lost]);
  });
  return {
    connections: nodes.map(({ booted }) => booted),
    hardeningDroppedBecause: () => attempt.refusal,
  };
}

/** Nodes that boot. */
export interface Booting {
  readonly connections: readonly Promise<NodeConnection>[];
  /** Why nodes are created without what makes them safer, in the engine's words; undefined as long as none was refused. */
  readonly hardeningDroppedBecause: () => string | undefined;
}

/** What one container's start has shown, which the others go by. */
interface Attempt {
  /**
   * The engine's words when it refused to create a container with everything that makes it safer; undefined as long as
   * containers are created with it.
   */
  refusal: string | undefined;
}

async function startContainer(
  { engine, plan, addresses, certificates, image, containers, lost, configureNode, signal }: Boot,
  node: NodePlan,
  attempt: Attempt,
  onCreated: (id: string) => void,
): Promise<RedisNodeContainer> {
  signal.throwIfAborted();
  const files = tlsFiles(certificates, node);
  const container = new RedisNodeContainer(engine, plan, node, image, async (id) => {
    const runtime = new NodeContainer(engine, node, id);
    containers[node.index] = runtime;
    onCreated(id);
    // And not by arguments, as the other files: a private key is not for `docker inspect`.
    if (files.length > 0) {
      await runtime.putSecrets(posix.basename(posix.dirname(TLS_FILES.key)), files, container.user);
    }
  });
  // What the user's function waits for is not ours to know: the start goes by its own limits.
  await abortable(Promise.resolve(configureNode?.(container, node)), signal);
  try {
    const started = await create(container, node, attempt, () => containers[node.index] === undefined);
    addresses.set(node, { host: engine.host, port: started.getMappedPort(node.port) });
  } catch (error) {
    const runtime = containers[node.index];
    if (runtime === undefined && isUnanswered(error)) lost.add(node.containerName);
    if (runtime === undefined || !isPortRace(node, error)) throw startError(node, error, plan.image);
    await runtime.start();
    addresses.set(node, await runtime.mappedAddress());
  }
  return container;
}

/**
 * Creates and starts a container; once more without the hardening if the engine refuses to create it.
 *
 * @param isMissing whether it has not been created.
 */
async function create(
  container: RedisNodeContainer,
  node: NodePlan,
  attempt: Attempt,
  isMissing: () => boolean,
): ReturnType<RedisNodeContainer["start"]> {
  const hardened = attempt.refusal === undefined;
  if (!hardened) container.withoutHardening();
  try {
    return await container.start();
  } catch (error) {
    if (!hardened || !isMissing() || !isForbidden(error)) throw error;
    const why = messageOf(error);
    if (attempt.refusal === undefined) {
      log(
        "the engine refused to create %s (%s); trying without hardening: see docs/security.md",
        node.name,
        why,
      );
    }
    attempt.refusal ??= why;
    try {
      return await container.withoutHardening().start();
    } catch (again) {
      if (!isMissing() || !isForbidden(again)) throw again;
      throw new RedisClusterError(
        "START_FAILED",
        `${node.name} could not be started: the engine refused its container (${why}), and also one without labelled ` +
          `volumes, dropped capabilities and no-new-privileges (${messageOf(again)}).`,
        { cause: again, details: { node: node.name } },
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

async function connect(
  { plan, addresses, access, connections, cleanup, signal }: Boot,
  node: NodePlan,
  { entrypoint }: RedisNodeContainer,
): Promise<NodeConnection> {
  signal.throwIfAborted();
  const connection = new NodeConnection(node, addresses, access, plan.timeScale);
  connections[node.index] = connection;
  cleanup.add("connections", `the connection to ${node.name}`, () => connection.close());
  await connection.ready(signal);
  const reason = await whyNoClusterNode(connection, addresses.get(node), entrypoint);
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
