import { RedisContainer, type StartedRedisContainer } from "@testcontainers/redis";
import type { WaitStrategy } from "testcontainers";
import type { ClusterPlan, NodePlan } from "../plan/cluster-plan.ts";
import { BOOT_SCRIPT } from "./boot-script.ts";
import type { Engine } from "./engine.ts";
import { clusterLabels, NODE_LABEL } from "./labels.ts";

/** Changes a node's container before it is created; `plan` says which node it is. The one way past the options. */
export type ConfigureNode = (container: RedisContainer, plan: NodePlan) => void | Promise<void>;

/**
 * Testcontainers looks every 250 ms whether a container is ready. Formation asks the server itself and knows more,
 * so here "started" is enough.
 */
const STARTED_IS_ENOUGH: WaitStrategy = {
  waitUntilReady: () => Promise.resolve(),
  withStartupTimeout: () => STARTED_IS_ENOUGH,
  isStartupTimeoutSet: () => true,
  getStartupTimeout: () => 0,
};

/**
 * All that is left of a container's capabilities while it boots; the server itself has none, because giving up root
 * gives them up. The boot script writes into the data folder, which is the server's own user's (DAC_OVERRIDE), and
 * hands its files over (CHOWN). The official images' entry point then becomes that user (SETUID, SETGID), and that of
 * Redis 8 also empties the set of what could ever be regained (SETPCAP).
 */
const BOOT_CAPABILITIES = ["CHOWN", "DAC_OVERRIDE", "SETGID", "SETPCAP", "SETUID"] as const;

const MEBIBYTE = 1024 ** 2;

/** A RedisContainer that boots as one planned node: its address, its name, its two files, its published ports. */
export class RedisNodeContainer extends RedisContainer {
  readonly #plan: ClusterPlan;
  readonly #node: NodePlan;
  readonly #publishOn: string;
  readonly #volumes: ReadonlySet<string>;
  readonly #labels: Readonly<Record<string, string>>;
  readonly #onCreated: (id: string) => Promise<void>;

  /**
   * @param onCreated hears the container's id before anything can go wrong with it; the container is started when it is
   * done.
   */
  constructor(
    engine: Engine,
    plan: ClusterPlan,
    node: NodePlan,
    imageVolumes: readonly string[],
    onCreated: (id: string) => Promise<void>,
  ) {
    super(plan.image);
    this.#plan = plan;
    this.#node = node;
    // A server without a password belongs on loopback; but a remote engine's ports can only be reached from outside.
    this.#publishOn = engine.local && plan.publishOn === "loopback" ? engine.host : engine.everywhere;
    this.#onCreated = onCreated;
    this.#labels = clusterLabels(plan, engine);
    // RedisContainer exposes 6379, which need not be this node's port.
    this.exposedPorts = [];
    this.createOpts.ExposedPorts = {};
    this.hostConfig.PortBindings = {};
    this.withExposedPorts(published(node.port, node.hostPort));
    if (node.hostBusPort !== undefined) this.withExposedPorts(published(node.busPort, node.hostBusPort));
    this.withName(node.containerName)
      .withHostname(node.name)
      .withNetworkMode(plan.network.name)
      .withLabels({ ...this.#labels, [NODE_LABEL]: node.name })
      .withEntrypoint(["sh"])
      .withCommand([
        ...["-c", BOOT_SCRIPT, "redis-node"],
        ...[node.nodesConfName, node.nodesConf, node.redisConf, ...node.firstBootArguments],
      ])
      .withSecurityOpt("no-new-privileges")
      .withDroppedCapabilities("ALL")
      .withAddedCapabilities(...BOOT_CAPABILITIES)
      .withWaitStrategy(STARTED_IS_ENOUGH);
    this.hostConfig.PidsLimit = plan.pidsLimit;
    this.hostConfig.ReadonlyRootfs = plan.readOnlyRoot;
    // What a node has beside its data has to be there after a kill, which a tmpfs would not be.
    this.#volumes = new Set(plan.readOnlyRoot ? [...imageVolumes, "/tmp"] : imageVolumes);
    if (plan.cpus !== undefined) this.hostConfig.NanoCpus = Math.round(plan.cpus * 1e9);
    if (plan.memoryMb !== undefined) {
      this.hostConfig.Memory = plan.memoryMb * MEBIBYTE;
      // Memory and swap together: without it Docker allows the same again as swap.
      this.hostConfig.MemorySwap = plan.memoryMb * MEBIBYTE;
    }
  }

  override async beforeContainerCreated(): Promise<void> {
    // `withNetworkAliases` would connect the network later, without the address.
    this.createOpts.NetworkingConfig = {
      EndpointsConfig: {
        [this.#plan.network.name]: {
          IPAMConfig: { IPv4Address: this.#node.address },
          Aliases: [this.#node.name, ...(this.#node.hostname === undefined ? [] : [this.#node.hostname])],
        },
      },
    };
    this.hostConfig.Mounts = [...(this.hostConfig.Mounts ?? []), ...this.#labelledVolumes()];
    const bindings: Record<string, { HostPort: string; HostIp?: string }[]> = this.hostConfig.PortBindings;
    for (const list of Object.values(bindings)) for (const each of list) each.HostIp ??= this.#publishOn;
  }

  /**
   * The image's volumes, anonymous as ever, so that the engine removes them with the container; but with labels, so that
   * they can be found where somebody removes a container and leaves its volumes. Not where the user mounts something else.
   */
  #labelledVolumes(): NonNullable<typeof this.hostConfig.Mounts> {
    const { Tmpfs = {}, Binds = [], Mounts = [] } = this.hostConfig;
    const taken = new Set([
      ...Object.keys(Tmpfs),
      ...Binds.map((bind) => bind.split(":")[1]),
      ...Mounts.map(({ Target }) => Target),
    ]);
    return [...this.#volumes]
      .filter((folder) => !taken.has(folder))
      .map((Target) => ({
        ...{ Type: "volume", Source: "", Target },
        VolumeOptions: {
          NoCopy: false,
          Labels: { ...this.#labels },
          DriverConfig: { Name: "", Options: {} },
        },
      }));
  }

  override containerCreated(id: string): Promise<void> {
    return this.#onCreated(id);
  }

  override start(): Promise<StartedRedisContainer> {
    return super.start();
  }
}

function published(port: number, hostPort: number | undefined): number | { container: number; host: number } {
  return hostPort === undefined ? port : { container: port, host: hostPort };
}
