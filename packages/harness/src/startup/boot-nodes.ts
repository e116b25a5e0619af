import { posix } from "node:path";
import pLimit from "p-limit";
import type { ClusterCertificates } from "../certificates/cluster-certificates.ts";
import type { Access } from "../clients/access.ts";
import type { AddressTable } from "../clients/address-table.ts";
import { NodeConnection } from "../clients/node-connection.ts";
import type { Engine } from "../docker/engine.ts";
import { type NodeFile, NodeRuntime, removeContainer, startError } from "../docker/node-runtime.ts";
import { type ConfigureNode, RedisNodeContainer } from "../docker/redis-node-container.ts";
import type { CleanupStack } from "../lifecycle/cleanup-stack.ts";
import { orAborted } from "../lifecycle/deadline.ts";
import type { ClusterPlan, NodePlan } from "../plan/cluster-plan.ts";
import { TLS_FILES } from "../plan/node-files.ts";

/** What booting needs, and what it fills as it goes: a failure has to see how far it came. */
export interface Boot {
  readonly engine: Engine;
  readonly plan: ClusterPlan;
  readonly addresses: AddressTable;
  readonly access: Access;
  readonly certificates: ClusterCertificates | undefined;
  /** Folders for which the image wants a volume. */
  readonly imageVolumes: readonly string[];
  readonly runtimes: NodeRuntime[];
  readonly connections: NodeConnection[];
  readonly cleanup: CleanupStack;
  readonly configureNode: ConfigureNode | undefined;
  readonly signal: AbortSignal;
}

/**
 * Begins to boot all nodes, a few at a time in their order: that takes the engine no longer than all at once, and
 * the primaries, which come first in the plan, are up while the others still boot. Each promise gives its node's
 * connection as soon as the node answers.
 */
export function bootNodes(boot: Boot): readonly Promise<NodeConnection>[] {
  const { engine, plan, cleanup } = boot;
  const limit = pLimit(Math.max(3, engine.cpus + 1));
  const nodes = plan.nodes.map((node) => {
    const { promise: created, resolve } = Promise.withResolvers<string | undefined>();
    const started = limit(() => startContainer(boot, node, resolve));
    // No container will come any more: whoever waits for its id can go on.
    const booted = started.then(() => connect(boot, node)).finally(() => resolve(undefined));
    return { created, booted };
  });
  cleanup.add(`the containers of ${plan.name}`, async () => {
    // By id as soon as there is one: Testcontainers looks ten seconds for the ports of a container that has ended.
    await Promise.all(
      nodes.map(async ({ created }) => {
        const id = await created;
        if (id !== undefined) await removeContainer(engine, id);
      }),
    );
    await Promise.allSettled(nodes.map(({ booted }) => booted));
  });
  return nodes.map(({ booted }) => booted);
}

async function startContainer(
  { engine, plan, addresses, certificates, imageVolumes, runtimes, configureNode, signal }: Boot,
  node: NodePlan,
  onCreated: (id: string) => void,
): Promise<void> {
  signal.throwIfAborted();
  const files = tlsFiles(certificates, node);
  const container = new RedisNodeContainer(engine, plan, node, imageVolumes, async (id) => {
    const runtime = new NodeRuntime(engine, node, id);
    runtimes[node.index] = runtime;
    onCreated(id);
    // And not by arguments, as the other files: a private key is not for `docker inspect`.
    if (files.length > 0) await runtime.put(files);
  });
  // What the user's function waits for is not ours to know: the start goes by its own limits.
  await orAborted(Promise.resolve(configureNode?.(container, node)), signal);
  const started = await container.start().catch((error: unknown) => {
    throw startError(node, error);
  });
  addresses.set(node, { host: engine.host, port: started.getMappedPort(node.port) });
}

function tlsFiles(certificates: ClusterCertificates | undefined, node: NodePlan): readonly NodeFile[] {
  const own = certificates?.nodes[node.index];
  if (certificates === undefined || own === undefined) return [];
  const file = (path: string, content: string): NodeFile => ({
    name: posix.relative("/tmp", path),
    mode: 0o600,
    content,
  });
  return [file(TLS_FILES.ca, certificates.ca), file(TLS_FILES.cert, own.cert), file(TLS_FILES.key, own.key)];
}

async function connect(
  { plan, addresses, access, connections, cleanup, signal }: Boot,
  node: NodePlan,
): Promise<NodeConnection> {
  signal.throwIfAborted();
  const connection = new NodeConnection(node, addresses, access, plan.timeScale);
  connections[node.index] = connection;
  cleanup.add(`the connection to ${node.name}`, () => connection.close());
  await connection.ready(signal);
  return connection;
}
