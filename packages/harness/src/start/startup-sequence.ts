import { AbandonedWork } from "../cluster/abandoned-work.ts";
import type { Cluster } from "ioredis";
import {
  type ClusterCertificates,
  clientTls,
  issueCertificates,
} from "../certificates/cluster-certificates.ts";
import { type Access, accessOf } from "../clients/access.ts";
import { AddressTable } from "../clients/address-table.ts";
import { closeCluster, connectCluster } from "../clients/cluster-client.ts";
import type { NodeConnection } from "../clients/node-connection.ts";
import { OpenClients } from "../clients/open-clients.ts";
import { findImageProblem } from "../docker/boot-script.ts";
import type { Engine } from "../docker/engine.ts";
import { publishedHosts } from "../docker/published-hosts.ts";
import { type ImageConfig, readImageConfig } from "../docker/image-config.ts";
import type { NodeContainer } from "../docker/node-container.ts";
import { unsuitableImage } from "../docker/start-error.ts";
import type { NodeExit } from "../docker/watch-nodes.ts";
import { messageOf, RedisClusterError } from "../errors.ts";
import { collectEvidence } from "../evidence/collect-evidence.ts";
import type { EvidenceBundle } from "../evidence/evidence.ts";
import { ClusterHistory } from "../evidence/cluster-history.ts";
import { nodesAtFailure } from "../evidence/nodes-at-failure.ts";
import { withEvidence } from "../evidence/with-evidence.ts";
import { evidenceSource } from "../evidence/evidence-source.ts";
import { LateFaults } from "../faults/late-faults.ts";
import { formCluster } from "../formation/form-cluster.ts";
import { retryUntilAnswered } from "../timing/retry.ts";
import { CleanupStack } from "../cleanup/cleanup-stack.ts";
import { abortable, startDeadline } from "../timing/deadline.ts";
import { log } from "../log.ts";
import { startCallDeadline, explainTimeout } from "../timing/call-deadline.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import { type ValidOptions } from "../plan/validate-options.ts";
import type { Baseline } from "../reset/baseline.ts";
import { takeBaseline } from "../reset/reset-cluster.ts";
import type { SeedData } from "../seed/dataset.ts";
import type { ReadySeed } from "../seed/read-seed.ts";
import type { ConfigureNode } from "../docker/redis-node-container.ts";
import { loadSeed } from "../seed/load-seed.ts";
import { LocalSharing } from "../sharing/local-sharing.ts";
import { ClusterHandle } from "../handle/cluster-handle.ts";
import { type BootingNodes, bootNodes } from "./boot-nodes.ts";
import { createClusterNetwork } from "./create-cluster-network.ts";
import { ensureCrashCleanup } from "./ensure-crash-cleanup.ts";
import { explainFailure } from "./explain-failure.ts";
import { watchStops } from "./watch-stops.ts";
import { sweepOnce } from "./sweep-once.ts";
import { monotonicMs } from "../clock/real-time.ts";

/** The timeout for removing what a failed start has created. */
const CLEANUP_TIMEOUT_MS = 10_000;
const CLEANUP_TIMEOUT_MS_PER_NODE = 500;
const BASELINE_POLL_MS = 20;
/** The timeout for collecting the evidence of a failed start. */
const EVIDENCE_TIMEOUT_MS = 5_000;

/** The options that apply to the start itself, and not to the cluster. */
export interface StartContext {
  /** The timeout for everything after the engine and the image were found, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly configureNode: ConfigureNode | undefined;
  readonly seed: ReadySeed | undefined;
  /** The folder for the evidence of a failed start. If undefined, no evidence is written. */
  readonly evidenceDir: string | undefined;
}

/** One start of a cluster: runs its steps, and removes everything that it has created if a step fails. */
export class StartupSequence {
  readonly #engine: Engine;
  readonly #options: ValidOptions;
  readonly #context: StartContext;
  readonly #cleanup = new CleanupStack();
  readonly #containers: NodeContainer[] = [];
  readonly #connections: NodeConnection[] = [];
  readonly #clients = new OpenClients<Cluster>();
  /** See {@link BootContext.unconfirmed}. */
  readonly #unconfirmed = new Set<string>();
  /** Aborts when a node fails in a way that waiting cannot repair, and when the start has failed. */
  readonly #failure = new AbortController();
  #phase = "network";
  #hasStarted = false;
  #plan: ClusterPlan | undefined;

  constructor(engine: Engine, options: ValidOptions, context: StartContext) {
    this.#engine = engine;
    this.#options = options;
    this.#context = context;
  }

  /**
   * Runs the start.
   *
   * @param startedAt when the call of the user began, as `monotonicMs` returns it.
   * @param prepareMs how long finding the engine and the image took, in milliseconds.
   * @throws RedisClusterError with the evidence of the failure.
   */
  async run(startedAt: number, prepareMs: number): Promise<ClusterHandle> {
    using deadline = startDeadline({
      timeoutMs: this.#context.timeoutMs,
      signal: this.#context.signal,
      what: () => `Starting the cluster (phase: ${this.#phase})`,
      timeoutCode: "START_TIMEOUT",
      abortCode: "START_ABORTED",
    });
    try {
      const networkStartedAt = monotonicMs();
      await ensureCrashCleanup(this.#engine, this.#cleanup);
      const image = await abortable(readImageConfig(this.#engine, this.#options.image), deadline.signal);
      const { plan, network, accessFallbackReason } = await createClusterNetwork(
        this.#engine,
        this.#options,
        this.#cleanup,
        deadline.signal,
      );
      this.#plan = plan;
      log("%s: %d nodes of %s on %s", plan.name, plan.nodes.length, plan.image, plan.network.subnet);
      // At the same time as the boot, which waits for the engine most of the time.
      const sweeping = sweepOnce(this.#engine);
      const containersStartedAt = monotonicMs();
      this.#phase = "containers";
      const addresses = new AddressTable(plan.access);
      // Past events too, because a server that rejects its configuration may exit before the watch begins.
      const watch = watchStops(this.#engine, plan, addresses, "always", (exit) => this.#failAtExit(exit));
      this.#cleanup.add("connections", "the watch of the containers", () => watch[Symbol.dispose]());
      const signal = AbortSignal.any([deadline.signal, this.#failure.signal]);
      const hosts = publishedHosts(this.#engine, plan.publishOn);
      const certificates = plan.tls && (await issueCertificates(plan, plan.tls.clientAuth, ...hosts));
      const access = accessOf(plan, certificates && clientTls(certificates));
      const booting = this.#boot(plan, addresses, access, certificates, image, signal);
      const forming = formCluster(plan, booting.connections, signal);
      // A rejection is reported below, in the phase of the formation, which begins while the last nodes boot.
      forming.catch(() => {});
      await abortable(Promise.all(booting.connections), signal);
      this.#phase = "formation";
      log("%s: all nodes have booted", plan.name);
      const formationStartedAt = monotonicMs();
      const { strategy, fallbackReason } = await forming;
      this.#phase = "clients";
      log(
        "%s: formation complete (%s%s)",
        plan.name,
        strategy,
        fallbackReason === undefined ? "" : `, after a fallback: ${fallbackReason}`,
      );
      const clientsStartedAt = monotonicMs();
      // Retried, because a node may not answer for a moment.
      const readBaseline = (seed?: SeedData): Promise<Baseline> =>
        retryUntilAnswered(
          () => takeBaseline(plan, this.#connections, seed, signal),
          BASELINE_POLL_MS,
          signal,
        ).catch((error: unknown) => {
          throw explainTimeout(signal, error);
        });
      const [client, emptyBaseline] = await Promise.all([
        this.#connect(plan, addresses, access, signal),
        this.#context.seed === undefined ? readBaseline() : undefined,
      ]);
      const seedStartedAt = monotonicMs();
      const seed = await this.#seed(plan, addresses, access, image, client, signal);
      const seedEndedAt = monotonicMs();
      const baseline = emptyBaseline ?? (await readBaseline(seed));
      const sharing = new LocalSharing(plan, access, network.id, this.#options.evidenceDir, baseline);
      this.#cleanup.add("lease", "the lease of the cluster", () => sharing[Symbol.asyncDispose]());
      // The stop of the cluster waits for the sweep, after it has removed the cluster. A failed start does not wait.
      this.#cleanup.whenEmpty(() => sweeping);
      this.#hasStarted = true;
      // With published ports, the clients of this library need no information about stopped nodes.
      if (plan.access === "published") watch[Symbol.dispose]();
      const endedAt = monotonicMs();
      log("%s: ready after %d ms", plan.name, Math.round(endedAt - startedAt));
      return new ClusterHandle({
        engine: this.#engine,
        plan,
        network,
        client,
        clients: this.#clients,
        addresses,
        access,
        containers: this.#containers,
        connections: this.#connections,
        lateFaults: new LateFaults(plan.timeScale),
        abandoned: new AbandonedWork(),
        evidenceDir: this.#options.evidenceDir,
        cleanup: this.#cleanup,
        sharing,
        startup: {
          prepareMs,
          networkMs: containersStartedAt - networkStartedAt,
          containersMs: formationStartedAt - containersStartedAt,
          formationMs: clientsStartedAt - formationStartedAt,
          clientsMs: endedAt - clientsStartedAt - (seedEndedAt - seedStartedAt),
          seedMs: seedEndedAt - seedStartedAt,
          totalMs: endedAt - startedAt,
          strategy,
          fallbackReason,
          hardeningFallbackReason: booting.hardeningFallbackReason(),
          access: plan.access,
          accessFallbackReason,
        },
      });
    } catch (error) {
      throw await this.#fail(error);
    }
  }

  async #seed(
    plan: ClusterPlan,
    addresses: AddressTable,
    access: Access,
    image: ImageConfig,
    client: Cluster,
    signal: AbortSignal,
  ): Promise<SeedData | undefined> {
    const { seed } = this.#context;
    if (seed === undefined) return undefined;
    this.#phase = "seed";
    const data = await loadSeed(
      {
        engine: this.#engine,
        plan,
        image,
        client,
        addresses,
        access,
        connections: this.#connections,
        cleanup: this.#cleanup,
        unconfirmedContainers: this.#unconfirmed,
      },
      seed,
      signal,
    );
    this.#phase = "clients";
    return data;
  }

  async #connect(
    plan: ClusterPlan,
    addresses: AddressTable,
    access: Access,
    signal: AbortSignal,
  ): Promise<Cluster> {
    // Added before the client is opened, because another step may fail while the client is still connecting.
    this.#cleanup.add("clients", "the client", async () => {
      await Promise.all(this.#clients.close().map(closeCluster));
    });
    return await connectCluster(plan, addresses, access, undefined, signal, this.#clients.track);
  }

  #boot(
    plan: ClusterPlan,
    addresses: AddressTable,
    access: Access,
    certificates: ClusterCertificates | undefined,
    image: ImageConfig,
    signal: AbortSignal,
  ): BootingNodes {
    const booting = bootNodes({
      engine: this.#engine,
      plan,
      addresses,
      access,
      certificates,
      image,
      containers: this.#containers,
      connections: this.#connections,
      cleanup: this.#cleanup,
      unconfirmed: this.#unconfirmed,
      configureNode: this.#context.configureNode,
      signal,
    });
    const connections = booting.connections.map((booted) =>
      booted.catch((error: unknown) => {
        // Ends the boot of the other nodes, which would otherwise wait for this node.
        this.#failure.abort(error);
        throw error;
      }),
    );
    return { ...booting, connections };
  }

  /** Ends the start at once. Otherwise it would wait for the node until its timeout. */
  #failAtExit({ node, exitCode }: NodeExit): void {
    if (this.#hasStarted) return;
    const refusal = findImageProblem(exitCode);
    if (refusal !== undefined) {
      this.#failure.abort(unsuitableImage(this.#options.image, refusal, { details: { node, exitCode } }));
      return;
    }
    this.#failure.abort(
      new RedisClusterError(
        "NODE_EXITED",
        `${node} exited with code ${exitCode} while the cluster started.`,
        {
          details: { node, exitCode },
        },
      ),
    );
  }

  /** Collects the evidence, removes everything, and returns the error for the caller. */
  async #fail(cause: unknown): Promise<unknown> {
    // Ends the steps that are still running: boots, the formation, the connection of the client.
    this.#failure.abort(cause);
    const history = new ClusterHistory();
    const bundle = this.#needsEvidence(cause) ? await this.#collectEvidence(history, cause) : undefined;
    // A node without a container has nothing to report.
    const nodes =
      bundle === undefined ? [] : nodesAtFailure(bundle).filter((_, index) => this.#containers[index]);
    const explained = explainFailure(cause, this.#phase, nodes, this.#options.image);
    log("the start failed with %s: %s", explained.code, explained.message.split("\n")[0]);
    history.addError(`start (${this.#phase})`, explained);
    const error = await this.#cleanUp(explained);
    const directory = this.#context.evidenceDir;
    return bundle === undefined || directory === undefined
      ? error
      : await withEvidence(error, bundle, directory, `failed start ${this.#phase}`);
  }

  /**
   * A caller that aborts the start wants it to end at once, and needs no explanation. If direct access turns out to be impossible,
   * the start may be repeated with published ports.
   */
  #needsEvidence(cause: unknown): boolean {
    if (!(cause instanceof RedisClusterError)) return true;
    const isRepeated = cause.code === "DIRECT_ACCESS_UNAVAILABLE" && this.#options.access === "auto";
    return cause.code !== "START_ABORTED" && !isRepeated;
  }

  async #collectEvidence(history: ClusterHistory, error: unknown): Promise<EvidenceBundle> {
    const parts = {
      engine: this.#engine,
      plan: this.#plan,
      containers: this.#containers,
      connections: this.#connections,
    };
    // With a timeout, because the engine may be the reason of the failure.
    const signal = AbortSignal.timeout(EVIDENCE_TIMEOUT_MS);
    return await collectEvidence(evidenceSource(parts, history), { error, signal });
  }

  async #cleanUp(explained: RedisClusterError): Promise<RedisClusterError> {
    try {
      const { nodes, timeScale } = this.#options;
      // With a timeout, because the engine may no longer answer, and then the error must still be reported.
      using deadline = startCallDeadline(
        () => `Removing what the start had created (phase: ${this.#cleanup.current ?? "done"})`,
        {},
        { timeoutMs: CLEANUP_TIMEOUT_MS + nodes * CLEANUP_TIMEOUT_MS_PER_NODE, timeScale },
      );
      await abortable(this.#cleanup.run(), deadline.signal);
    } catch (cleanupError) {
      return new RedisClusterError(explained.code, `${explained.message}\n  ${messageOf(cleanupError)}`, {
        cause: explained.cause,
        details: { ...explained.details, cleanupError },
      });
    }
    return explained;
  }
}
