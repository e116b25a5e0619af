import type { ClusterContext } from "../cluster/cluster-context.ts";
import type { ClusterNetwork } from "../docker/cluster-network.ts";
import {
  connectContainer,
  disconnectContainer,
  findContainer,
  type FoundContainer,
  usedAddresses,
} from "../docker/network-members.ts";
import { messageOf, RedisClusterError } from "../errors.ts";
import { numberToAddress, parseSubnet } from "../plan/subnet.ts";
import { formatValue } from "../schema/format-value.ts";
import { abortable } from "../timing/deadline.ts";
import type { WaitOptions } from "../timing/call-deadline.ts";
import { retry } from "../timing/retry.ts";
import type {
  ApplicationContainers,
  AttachableContainer,
  AttachedContainer,
} from "./application-containers.ts";
import { composeFragment, type ComposeFragment } from "./compose-fragment.ts";

/** Names of services, as the schema of Compose allows them. */
const SERVICE_NAME = /^[a-zA-Z0-9._-]+$/;
/** The id or the name of a container. The engine puts a slash in front of a name, and so does Testcontainers. */
const CONTAINER = /^\/?([a-zA-Z0-9][a-zA-Z0-9_.-]*)$/;
/** Another process may attach a container at the same time. The message is that of Docker's address pools. */
const ADDRESS_IN_USE = /address already in use/i;
const CONNECT_ATTEMPTS = 5;

/** Connects containers to the network of the cluster for one handle, and disconnects them at its end. */
export class AttachedContainers implements ApplicationContainers {
  readonly #context: ClusterContext;
  readonly #network: ClusterNetwork;
  readonly #environment: () => Readonly<Record<string, string>>;
  /** What disconnects each container. */
  readonly #attached = new Set<() => Promise<void>>();
  /** Two containers must not get the same address. */
  #previous: Promise<unknown> = Promise.resolve();

  /** @param environment returns the environment variables of a container in the network. */
  constructor(
    context: ClusterContext,
    network: ClusterNetwork,
    environment: () => Readonly<Record<string, string>>,
  ) {
    this.#context = context;
    this.#network = network;
    this.#environment = environment;
  }

  async attach(
    container: AttachableContainer | string,
    options: WaitOptions = {},
  ): Promise<AttachedContainer> {
    const reference = CONTAINER.exec(typeof container === "string" ? container : readId(container))?.[1];
    if (reference === undefined) {
      throw invalid(
        `expected a started container of Testcontainers, or the id or the name of a container, got ${formatValue(container)}`,
      );
    }
    return await this.#context.calls.run(`Attaching the container ${reference}`, options, async (signal) => {
      const attaching = this.#previous.then(() => this.#attach(reference, signal));
      this.#previous = attaching.catch(() => {});
      return await attaching;
    });
  }

  async #attach(reference: string, signal: AbortSignal): Promise<AttachedContainer> {
    signal.throwIfAborted();
    const { engine } = this.#context;
    const found = await abortable(findContainer(engine, reference), signal);
    if (found === undefined) throw invalid(`the engine has no container ${reference}`);
    const obstacle = this.#findObstacle(found);
    if (obstacle !== undefined) throw invalid(`the container ${found.name} ${obstacle}`);
    const address = await retry(() => this.#connect(found.id, signal), {
      attempts: CONNECT_ATTEMPTS,
      everyMs: 0,
      isTemporary: (error) => ADDRESS_IN_USE.test(messageOf(error)),
    });
    const detach = async (): Promise<void> => {
      await disconnectContainer(engine, this.#network.id, found.id);
      this.#attached.delete(detach);
    };
    this.#attached.add(detach);
    if (signal.aborted) await detach();
    signal.throwIfAborted();
    return { address, detach, [Symbol.asyncDispose]: detach };
  }

  /** Connects a container with an address that no other container has and no node will have. Returns the address. */
  async #connect(id: string, signal: AbortSignal): Promise<string> {
    const { engine, plan } = this.#context;
    const used = new Set(await abortable(usedAddresses(engine, this.#network.id), signal));
    for (const { address } of [...plan.nodes, { address: plan.network.gateway }]) used.add(address);
    const address = lastFreeAddress(plan.network.subnet, used);
    if (address === undefined) throw invalid(`the subnet ${plan.network.subnet} has no free address`);
    // This request is not abandoned, because the engine might connect the container after the call has been rejected.
    await connectContainer(engine, this.#network.id, id, address);
    return address;
  }

  #findObstacle({ id, isRunning, networkMode, networks }: FoundContainer): string | undefined {
    if (this.#context.nodes.some(({ container }) => container.id === id)) return "is a node of the cluster";
    if (!isRunning) return "does not run";
    if (networks.includes(this.#network.getName())) return "already is in the network of the cluster";
    // Docker and Podman reject networks for these containers.
    if (networkMode === "host")
      return "uses the network of the host, with which it reaches what this host reaches";
    if (networkMode === "none") return "was started without a network, and cannot join one later";
    if (networkMode.startsWith("container:"))
      return "shares the network of another container: attach that container";
    return undefined;
  }

  composeFragment(services: readonly string[]): ComposeFragment {
    if (!Array.isArray(services) || services.length === 0) {
      throw new RedisClusterError(
        "INVALID_ARGUMENT",
        `Describing services of Compose: expected a list of at least one name, got ${formatValue(services)}.`,
      );
    }
    const wrong = services.filter((name) => typeof name !== "string" || !SERVICE_NAME.test(name));
    if (wrong.length > 0) {
      throw new RedisClusterError(
        "INVALID_ARGUMENT",
        `Describing services of Compose: expected names of services, got ${wrong.map(formatValue).join(", ")}.`,
      );
    }
    return composeFragment(services, this.#network.getName(), this.#environment());
  }

  /** Disconnects all containers that are still attached. */
  async detachAll(): Promise<void> {
    await this.#previous;
    await Promise.all([...this.#attached].map((detach) => detach()));
  }
}

/** Returns the id of a started container of Testcontainers, and an empty text for anything else. */
function readId(container: unknown): string {
  const { getId } = (container ?? {}) as Partial<AttachableContainer>;
  return typeof getId === "function" ? getId.call(container) : "";
}

/**
 * Returns the last address of a subnet that is not used. The engine assigns addresses from the start of the subnet, also that of a
 * node that is stopped, which could then not start again.
 */
function lastFreeAddress(cidr: string, used: ReadonlySet<string>): string | undefined {
  const { first, last } = parseSubnet(cidr);
  for (let number = last - 1; number > first + 1; number -= 1) {
    const address = numberToAddress(number);
    if (!used.has(address)) return address;
  }
  return undefined;
}

function invalid(problem: string): RedisClusterError {
  return new RedisClusterError("INVALID_ARGUMENT", `Attaching a container: ${problem}.`);
}
