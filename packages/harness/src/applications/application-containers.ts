import type { WaitOptions } from "../timing/call-deadline.ts";
import type { ComposeFragment } from "./compose-fragment.ts";

/** A container, for example a `StartedTestContainer` of Testcontainers. */
export interface AttachableContainer {
  /** Returns the id of the container. */
  getId(): string;
}

/** A container that a cluster has connected to its network. */
export interface AttachedContainer extends AsyncDisposable {
  /** The address of the container in the network of the cluster. */
  readonly address: string;
  /**
   * Disconnects the container from the network. The container continues to run. A second call has no effect. The end of the cluster,
   * or of the test to which the fixture was lent, does the same.
   *
   * @throws RedisClusterError ENGINE_FAILED if the engine rejects the request.
   */
  detach(): Promise<void>;
  /** Calls {@link detach}. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Connects the containers of applications that were not started in the network of the cluster. */
export interface ApplicationContainers {
  /**
   * Connects a running container to the network of the cluster. It then reaches all nodes, with `environment("network")`, and keeps
   * its other networks. The nodes never need its address.
   *
   * For a container that your test starts, `withNetwork(cluster.network)` does the same at its start.
   *
   * @param container a started container of Testcontainers, or the id or the name of a container.
   * @returns the attached container. Its `detach()` disconnects it.
   * @throws RedisClusterError INVALID_ARGUMENT if there is no such container, if it does not run, if it is a node of the cluster, if it
   * already is in the network, or if it shares the network of the host or of another container.
   * @throws RedisClusterError ENGINE_FAILED if the engine rejects the request.
   * @throws RedisClusterError WAIT_TIMEOUT if the timeout passes.
   * @throws RedisClusterError WAIT_ABORTED if the signal is aborted.
   * @throws RedisClusterError CLUSTER_STOPPED after `stop()`.
   * @example
   * const attached = await cluster.attach(service); // or the id or the name of any container
   */
  attach(container: AttachableContainer | string, options?: WaitOptions): Promise<AttachedContainer>;

  /**
   * Returns a fragment of a Compose file, with which services of Compose join the network of the cluster, and get
   * `environment("network")`. Convert it to JSON, write it to a file, and pass the file to Compose after your own: every JSON text is
   * also YAML. A service keeps its other networks.
   *
   * @param services the names of the services. At least one.
   * @throws RedisClusterError INVALID_ARGUMENT if the list is empty, or a name is not a name of a service.
   * @throws RedisClusterError TURN_OVER if the cluster is the fixture of a test that has ended.
   * @example
   * await writeFile(file, JSON.stringify(cluster.composeFragment(["api", "worker"])));
   * // docker compose --file compose.yaml --file redis-cluster.json up
   */
  composeFragment(services: readonly string[]): ComposeFragment;
}
