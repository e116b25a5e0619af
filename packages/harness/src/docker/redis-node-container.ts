import { RedisContainer, type StartedRedisContainer } from "@testcontainers/redis";
import type { WaitStrategy } from "testcontainers";
import { RedisClusterError } from "../errors.ts";
import type { ClusterPlan, NodePlan } from "../plan/cluster-plan.ts";
import { TLS_FOLDER } from "../plan/node-files.ts";
import { bootCommand, NODE_FOLDER } from "./boot-script.ts";
import type { Engine } from "./engine.ts";
import { type ImageConfig, isRoot, toWords } from "./image-config.ts";
import { clusterLabels, NODE_LABEL } from "./labels.ts";
import { bindTarget, dataFolder, normalizePath, planLaunch } from "./launch.ts";
import { addressesToPublishOn } from "./published-hosts.ts";

/**
 * Changes the container of a node before it is created, for settings that no option covers. `plan` describes the node.
 *
 * `withEntrypoint`, `withCommand`, `withWorkingDir` and `withUser` override the image: the node starts through that entry
 * point, as that user, and stores its data in that folder. Of a command, only the program of the server and its `--loadmodule`
 * options are used.
 */
export type ConfigureNode = (container: RedisContainer, plan: NodePlan) => void | Promise<void>;

/**
 * Does not wait until the container is ready. Testcontainers would check that every 250 ms; the formation checks the server
 * itself, more often and more precisely.
 */
const NO_WAIT: WaitStrategy = {
  waitUntilReady: () => Promise.resolve(),
  withStartupTimeout: () => NO_WAIT,
  isStartupTimeoutSet: () => true,
  getStartupTimeout: () => 0,
};

/**
 * The capabilities of a container while it boots. The server has none, because the change from root to another user drops them.
 * The boot script writes into the data folder, which the user of the server owns (DAC_OVERRIDE), and changes the owner of its
 * files (CHOWN). The entry point of the official images then changes to that user (SETUID, SETGID). The entry point of Redis 8
 * also clears the bounding set, so that capabilities cannot be regained (SETPCAP).
 */
const BOOT_CAPABILITIES = ["CHOWN", "DAC_OVERRIDE", "SETGID", "SETPCAP", "SETUID"] as const;

const MEBIBYTE = 1024 ** 2;

type Mount = NonNullable<
  NonNullable<Parameters<Engine["docker"]["createContainer"]>[0]["HostConfig"]>["Mounts"]
>[number];

/** The settings of the `configureNode` function, before this class changes them. */
interface UserSettings {
  readonly entrypoint: readonly string[] | undefined;
  readonly command: readonly string[];
  readonly mounts: readonly Mount[];
  readonly securityOpt: readonly string[];
  readonly capDrop: readonly string[];
  readonly capAdd: readonly string[];
}

/** A RedisContainer for a planned node, with the address, the name, the files and the published ports of the plan. */
export class RedisNodeContainer extends RedisContainer {
  readonly #plan: ClusterPlan;
  readonly #node: NodePlan;
  readonly #publishOn: readonly string[];
  readonly #image: ImageConfig;
  readonly #labels: Readonly<Record<string, string>>;
  readonly #hidesTmp: boolean;
  readonly #onCreated: (id: string) => Promise<void>;
  #userSettings: UserSettings | undefined;
  #isHardened = true;

  /**
   * @param image the configuration of the image of the plan.
   * @param onCreated is called with the id of the created container. The container is started when the promise resolves.
   */
  constructor(
    engine: Engine,
    plan: ClusterPlan,
    node: NodePlan,
    image: ImageConfig,
    onCreated: (id: string) => Promise<void>,
  ) {
    super(plan.image);
    this.#plan = plan;
    this.#node = node;
    this.#publishOn = addressesToPublishOn(engine, plan);
    this.#image = image;
    this.#onCreated = onCreated;
    this.#labels = clusterLabels(plan, engine);
    this.#hidesTmp = engine.traits.hidesTmp;
    // RedisContainer exposes 6379, which may differ from the port of this node.
    this.exposedPorts = [];
    this.createOpts.ExposedPorts = {};
    this.hostConfig.PortBindings = {};
    if (plan.publishesPorts) this.withExposedPorts(portMapping(node.port, node.hostPort));
    if (node.hostBusPort !== undefined) this.withExposedPorts(portMapping(node.busPort, node.hostBusPort));
    if (engine.traits.bindsExposedPorts) {
      // Published although nothing needs them, because Testcontainers would wait for them in vain.
      const published = new Set(plan.publishesPorts ? [node.port] : []);
      if (node.hostBusPort !== undefined) published.add(node.busPort);
      this.withExposedPorts(...image.ports.filter((port) => !published.has(port)));
    }
    this.withName(node.containerName)
      .withHostname(node.name)
      .withNetworkMode(plan.network.name)
      .withLabels({ ...this.#labels, [NODE_LABEL]: node.name })
      .withWaitStrategy(NO_WAIT);
    this.hostConfig.PidsLimit = plan.pidsLimit;
    this.hostConfig.ReadonlyRootfs = plan.readOnlyRoot;
    if (plan.cpus !== undefined) this.hostConfig.NanoCpus = Math.round(plan.cpus * 1e9);
    if (plan.memoryMb !== undefined) {
      this.hostConfig.Memory = plan.memoryMb * MEBIBYTE;
      // The limit of memory and swap together. Without it, Docker allows the same amount of swap in addition to the memory.
      this.hostConfig.MemorySwap = plan.memoryMb * MEBIBYTE;
    }
  }

  /** Whether the folders with the settings and with the certificates are volumes of their own. */
  get hasVolumesBelowTmp(): boolean {
    return this.#plan.readOnlyRoot && this.#hidesTmp;
  }

  /** The user of the container, in the notation of Docker. It is empty for root. */
  get user(): string {
    return this.createOpts.User ?? this.#image.user;
  }

  /** The entry point of the image, or the one that the `configureNode` function has set, as a single line. */
  get entrypoint(): string {
    return (this.#userSettings?.entrypoint ?? this.#image.entrypoint).join(" ");
  }

  /**
   * Removes the settings that a restricted engine may forbid: labelled volumes, dropped capabilities and `no-new-privileges`. The
   * settings of the `configureNode` function remain.
   */
  withoutHardening(): this {
    this.#isHardened = false;
    return this;
  }

  override withPassword(): never {
    throw unsupported("withPassword", "Use the option `password` of the cluster.");
  }

  override withPersistence(): never {
    throw unsupported(
      "withPersistence",
      "Use the option `persistence` of the cluster, and `withBindMounts` for a folder of the host.",
    );
  }

  override async start(): Promise<StartedRedisContainer> {
    const { Entrypoint, Cmd } = this.createOpts;
    const { Mounts, SecurityOpt, CapDrop, CapAdd } = this.hostConfig;
    // Before RedisContainer adds its own command. A second attempt starts with the same settings.
    this.#userSettings ??= {
      entrypoint: Entrypoint === undefined ? undefined : toWords(Entrypoint),
      command: toWords(Cmd),
      mounts: Mounts ?? [],
      securityOpt: toWords(SecurityOpt),
      capDrop: toWords(CapDrop),
      capAdd: toWords(CapAdd),
    };
    return await super.start();
  }

  /** Runs after RedisContainer has changed the entry point, which it does for every image whose name contains "redis-stack". */
  override async beforeContainerCreated(): Promise<void> {
    const settings = this.#userSettings as UserSettings;
    const image = this.#image;
    // `withNetworkAliases` would connect the network later, and without the address.
    this.createOpts.NetworkingConfig = {
      EndpointsConfig: {
        [this.#plan.network.name]: {
          IPAMConfig: { IPv4Address: this.#node.address },
          MacAddress: macAddress(this.#node.address),
          Aliases: this.#aliases(),
        },
      },
    };
    const bindings: Record<string, { HostPort: string; HostIp?: string }[]> = this.hostConfig.PortBindings;
    for (const [port, ofPort] of Object.entries(bindings)) {
      bindings[port] = ofPort.flatMap((binding) =>
        binding.HostIp === undefined ? this.#publishOn.map((HostIp) => ({ ...binding, HostIp })) : [binding],
      );
    }

    const folder = dataFolder(this.createOpts.WorkingDir ?? image.workingDir, image.volumes);
    // As in Docker, another entry point also drops the command of the image.
    const launch =
      settings.entrypoint === undefined && settings.command.length === 0
        ? planLaunch(image.entrypoint, image.command)
        : planLaunch(settings.entrypoint ?? image.entrypoint, settings.command);
    const { entrypoint, command } = bootCommand(this.#node, folder, launch);
    this.createOpts.Entrypoint = entrypoint;
    this.createOpts.Cmd = command;
    this.#harden(settings, folder);
  }

  /** Returns the DNS names of the node on the cluster's network. */
  #aliases(): string[] {
    const { name, hostname } = this.#node;
    return hostname === undefined || this.#plan.announce === "host" ? [name] : [name, hostname];
  }

  #harden(settings: UserSettings, folder: string): void {
    const { readOnlyRoot } = this.#plan;
    // Files outside the data folder must survive a kill too, so they are in a volume. The contents of a tmpfs would be lost.
    const volumes = readOnlyRoot
      ? [...this.#image.volumes, folder, ...this.#writableFolders]
      : this.#image.volumes;
    const missing = [...new Set(volumes.map(normalizePath))].filter(
      (volume) => !this.#mountTargets(settings).has(volume),
    );
    if (this.#isHardened) {
      this.hostConfig.SecurityOpt = [...settings.securityOpt, "no-new-privileges"];
      this.hostConfig.CapDrop = [...settings.capDrop, "ALL"];
      // Podman also gives added capabilities to another user than root, whose server would keep them.
      this.hostConfig.CapAdd = [...settings.capAdd, ...(isRoot(this.user) ? BOOT_CAPABILITIES : [])];
      this.hostConfig.Mounts = [...settings.mounts, ...missing.map((target) => this.#labelledVolume(target))];
      return;
    }
    this.hostConfig.SecurityOpt = [...settings.securityOpt];
    this.hostConfig.CapDrop = [...settings.capDrop];
    this.hostConfig.CapAdd = [...settings.capAdd];
    this.hostConfig.Mounts = [...settings.mounts];
    // Anonymous volumes without labels, as the engine creates for the volumes of an image.
    this.createOpts.Volumes = Object.fromEntries(missing.map((volume) => [volume, {}]));
  }

  /** The folders besides that of the data that must be writable and survive a kill, although the root is read-only. */
  get #writableFolders(): readonly string[] {
    if (!this.hasVolumesBelowTmp) return ["/tmp"];
    return this.#plan.tls === undefined ? [NODE_FOLDER] : [NODE_FOLDER, TLS_FOLDER];
  }

  /** Returns the folders at which the `configureNode` function mounts something. */
  #mountTargets({ mounts }: UserSettings): ReadonlySet<string> {
    const { Tmpfs = {}, Binds = [] } = this.hostConfig;
    const inMemory = [
      ...Object.keys(Tmpfs),
      ...mounts.filter(({ Type }) => Type === "tmpfs").map(({ Target }) => Target),
    ];
    if (inMemory.some((target) => normalizePath(target) === "/tmp")) {
      throw new RedisClusterError(
        "INVALID_ARGUMENT",
        `configureNode failed: ${this.#node.name} cannot have a tmpfs at /tmp, because its settings there must survive a restart. ` +
          "Remove the tmpfs.",
        { details: { node: this.#node.name } },
      );
    }
    return new Set([
      ...inMemory.map(normalizePath),
      ...Binds.map(bindTarget).filter((target) => target !== undefined),
      ...mounts.map(({ Target }) => normalizePath(Target)),
    ]);
  }

  /**
   * Returns an anonymous volume with labels. As it is anonymous, the engine removes it with the container. With the labels it
   * can be found if the container was removed without its volumes.
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

/**
 * Returns the MAC address that Docker derives from an IPv4 address. Podman chooses another one at each start of a container. The host
 * and the other nodes would then send packets to the old one, until their neighbour tables are checked after up to 45 seconds.
 */
function macAddress(address: string): string {
  const bytes = address.split(".").map((byte) => Number(byte).toString(16).padStart(2, "0"));
  return ["02", "42", ...bytes].join(":");
}

function unsupported(method: string, remedy: string): RedisClusterError {
  return new RedisClusterError(
    "INVALID_ARGUMENT",
    `configureNode failed: ${method}() is not supported for the container of a node. ${remedy}`,
  );
}

function portMapping(
  port: number,
  hostPort: number | undefined,
): number | { container: number; host: number } {
  return hostPort === undefined ? port : { container: port, host: hostPort };
}
