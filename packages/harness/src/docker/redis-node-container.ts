import { RedisContainer, type StartedRedisContainer } from "@testcontainers/redis";
import type { WaitStrategy } from "testcontainers";
import { RedisClusterError } from "../errors.ts";
import type { ClusterPlan, NodePlan } from "../plan/cluster-plan.ts";
import { bootCommand } from "./boot-script.ts";
import type { Engine } from "./engine.ts";
import { asWords, type ImageFacts } from "./image-facts.ts";
import { clusterLabels, NODE_LABEL } from "./labels.ts";
import { bindTarget, dataFolder, normalize, planLaunch } from "./launch.ts";

/**
 * Changes a node's container before it is created; `plan` says which node it is. The one way past the options.
 *
 * `withEntrypoint`, `withCommand`, `withWorkingDir` and `withUser` replace what the image says: the node starts through
 * that entry point, as that user, and keeps its data in that folder. Of a command only the server's name and its
 * `--loadmodule` options are used.
 */
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

type Mount = NonNullable<
  NonNullable<Parameters<Engine["docker"]["createContainer"]>[0]["HostConfig"]>["Mounts"]
>[number];

/** What the user's function asked for, before this class added its own to it. */
interface Given {
  readonly entrypoint: readonly string[] | undefined;
  readonly command: readonly string[];
  readonly mounts: readonly Mount[];
  readonly securityOpt: readonly string[];
  readonly capDrop: readonly string[];
  readonly capAdd: readonly string[];
}

/** A RedisContainer that boots as one planned node: its address, its name, its two files, its published ports. */
export class RedisNodeContainer extends RedisContainer {
  readonly #plan: ClusterPlan;
  readonly #node: NodePlan;
  readonly #publishOn: string;
  readonly #image: ImageFacts;
  readonly #labels: Readonly<Record<string, string>>;
  readonly #onCreated: (id: string) => Promise<void>;
  #given: Given | undefined;
  #hardened = true;

  /**
   * @param image what the engine says about the plan's image.
   * @param onCreated hears the container's id before it is started; the container is started when it is done.
   */
  constructor(
    engine: Engine,
    plan: ClusterPlan,
    node: NodePlan,
    image: ImageFacts,
    onCreated: (id: string) => Promise<void>,
  ) {
    super(plan.image);
    this.#plan = plan;
    this.#node = node;
    // A server without a password belongs on loopback; but a remote engine's ports can only be reached from outside.
    this.#publishOn = engine.local && plan.publishOn === "loopback" ? engine.host : engine.everywhere;
    this.#image = image;
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
      .withWaitStrategy(STARTED_IS_ENOUGH);
    this.hostConfig.PidsLimit = plan.pidsLimit;
    this.hostConfig.ReadonlyRootfs = plan.readOnlyRoot;
    if (plan.cpus !== undefined) this.hostConfig.NanoCpus = Math.round(plan.cpus * 1e9);
    if (plan.memoryMb !== undefined) {
      this.hostConfig.Memory = plan.memoryMb * MEBIBYTE;
      // Memory and swap together: without it Docker allows the same again as swap.
      this.hostConfig.MemorySwap = plan.memoryMb * MEBIBYTE;
    }
  }

  /** The user as which the container starts, as Docker is told it. Empty for root. */
  get user(): string {
    return this.createOpts.User ?? this.#image.user;
  }

  /** The image's entry point, or the one that the user's function has put in its place, as a single line. */
  get entrypoint(): string {
    return (this.#given?.entrypoint ?? this.#image.entrypoint).join(" ");
  }

  /**
   * Leaves out everything that an engine with restrictions may refuse: labelled volumes, dropped capabilities and
   * `no-new-privileges`. What the user's function asks for stays.
   */
  withoutHardening(): this {
    this.#hardened = false;
    return this;
  }

  override withPassword(): never {
    throw refused("withPassword", "Use the cluster's option `password`.");
  }

  override withPersistence(): never {
    throw refused(
      "withPersistence",
      "Use the cluster's option `persistence`, and `withBindMounts` for a folder of the host.",
    );
  }

  override async start(): Promise<StartedRedisContainer> {
    const { Entrypoint, Cmd } = this.createOpts;
    const { Mounts, SecurityOpt, CapDrop, CapAdd } = this.hostConfig;
    // Before RedisContainer adds its own command, and only once: a second attempt begins with the same.
    this.#given ??= {
      entrypoint: Entrypoint === undefined ? undefined : asWords(Entrypoint),
      command: asWords(Cmd),
      mounts: Mounts ?? [],
      securityOpt: asWords(SecurityOpt),
      capDrop: asWords(CapDrop),
      capAdd: asWords(CapAdd),
    };
    return await super.start();
  }

  /** After RedisContainer has changed the entry point, as it does for each image whose name contains "redis-stack". */
  override async beforeContainerCreated(): Promise<void> {
    const given = this.#given as Given;
    const image = this.#image;
    // `withNetworkAliases` would connect the network later, without the address.
    this.createOpts.NetworkingConfig = {
      EndpointsConfig: {
        [this.#plan.network.name]: {
          IPAMConfig: { IPv4Address: this.#node.address },
          Aliases: [this.#node.name, ...(this.#node.hostname === undefined ? [] : [this.#node.hostname])],
        },
      },
    };
    const bindings: Record<string, { HostPort: string; HostIp?: string }[]> = this.hostConfig.PortBindings;
    for (const list of Object.values(bindings)) for (const each of list) each.HostIp ??= this.#publishOn;

    const folder = dataFolder(this.createOpts.WorkingDir ?? image.workingDir, image.volumes);
    // As Docker does: an entry point of the user's own drops the image's command as well.
    const launch =
      given.entrypoint === undefined && given.command.length === 0
        ? planLaunch(image.entrypoint, image.command)
        : planLaunch(given.entrypoint ?? image.entrypoint, given.command);
    const { entrypoint, command } = bootCommand(this.#node, folder, launch);
    this.createOpts.Entrypoint = entrypoint;
    this.createOpts.Cmd = command;
    this.#harden(given, folder);
  }

  #harden(given: Given, folder: string): void {
    const { readOnlyRoot } = this.#plan;
    // What a node has beside its data has to be there after a kill, which a tmpfs would not be.
    const volumes = readOnlyRoot ? [...this.#image.volumes, folder, "/tmp"] : this.#image.volumes;
    const missing = [...new Set(volumes.map(normalize))].filter(
      (volume) => !this.#mounted(given).has(volume),
    );
    if (this.#hardened) {
      this.hostConfig.SecurityOpt = [...given.securityOpt, "no-new-privileges"];
      this.hostConfig.CapDrop = [...given.capDrop, "ALL"];
      this.hostConfig.CapAdd = [...given.capAdd, ...BOOT_CAPABILITIES];
      this.hostConfig.Mounts = [...given.mounts, ...missing.map((each) => this.#labelledVolume(each))];
      return;
    }
    this.hostConfig.SecurityOpt = [...given.securityOpt];
    this.hostConfig.CapDrop = [...given.capDrop];
    this.hostConfig.CapAdd = [...given.capAdd];
    this.hostConfig.Mounts = [...given.mounts];
    // Anonymous volumes without labels, which is what the engine makes of an image's own ones.
    this.createOpts.Volumes = Object.fromEntries(missing.map((volume) => [volume, {}]));
  }

  /** Folders at which the user mounts something. */
  #mounted({ mounts }: Given): ReadonlySet<string> {
    const { Tmpfs = {}, Binds = [] } = this.hostConfig;
    const inMemory = [
      ...Object.keys(Tmpfs),
      ...mounts.filter(({ Type }) => Type === "tmpfs").map(({ Target }) => Target),
    ];
    if (inMemory.some((each) => normalize(each) === "/tmp")) {
      throw new RedisClusterError(
        "INVALID_ARGUMENT",
        `${this.#node.name} cannot have a tmpfs at /tmp: its settings are there and must survive a restart. ` +
          "Remove it in `configureNode`.",
        { details: { node: this.#node.name } },
      );
    }
    return new Set([
      ...inMemory.map(normalize),
      ...Binds.map(bindTarget).filter((target) => target !== undefined),
      ...mounts.map(({ Target }) => normalize(Target)),
    ]);
  }

  /**
   * A volume as the engine makes it of an image's own, anonymous, so that the engine removes it with the container; but
   * with labels, so that it can be found if a container was removed without its volumes.
   */
  #labelledVolume(Target: string): Mount {
    return {
      ...{ Type: "volume", Source: "", Target },
      VolumeOptions: {
        NoCopy: false,
        Labels: { ...this.#labels },
        DriverConfig: { Name: "", Options: {} },
      },
    };
  }

  override containerCreated(id: string): Promise<void> {
    return this.#onCreated(id);
  }
}

function refused(method: string, remedy: string): RedisClusterError {
  return new RedisClusterError("INVALID_ARGUMENT", `A node's container does not take ${method}(). ${remedy}`);
}

function published(port: number, hostPort: number | undefined): number | { container: number; host: number } {
  return hostPort === undefined ? port : { container: port, host: hostPort };
}
