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
import { type ContainerExit, watchExits } from "../docker/watch-exits.ts";
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
import { type Booting, bootNodes } from "./boot-nodes.ts";
import { explainFailure } from "./explain-failure.ts";
import { guardAgainstDeath } from "./guard-against-death.ts";
import { makeNetwork } from "./make-network.ts";
import { sweepOnce } from "./sweep-once.ts";
import { monotonicMs } from "../clock/real-time.ts";

/** How long a start that failed may take to remove what it made. */
const CLEANUP_MS = 10_000;
const CLEANUP_MS_PER_NODE = 500;
const BASELINE_POLL_MS = 20;
/** How long a start that failed collects evidence. */
const EVIDENCE_TIMEOUT_MS = 5_000;

/** What applies to one start, and not to the cluster that it starts. */
export interface StartContext {
  /** The timeout for everything after the engine and the image were found. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly configureNode: ConfigureNode | undefined;
  readonly seed: ReadySeed | undefined;
  /** Where a failure writes its evidence. Undefined: it writes none. */
  readonly evidenceDir: string | undefined;
}

/** One start: what it has made so far, and how to take it back. */
export class ClusterStart {
  readonly #engine: Engine;
  readonly #options: ValidOptions;
  readonly #context: StartContext;
  readonly #cleanup = new CleanupStack();
  readonly #addresses = new AddressTable();
  readonly #containers: NodeContainer[] = [];
  readonly #connections: NodeConnection[] = [];
  readonly #clients = new OpenClients<Cluster>();
  readonly #lost = new Set<string>();
  /** Aborts when a node fails in a way that no waiting mends, and when the start is given up. */
  readonly #trouble = new AbortController();
  #phase = "network";
  #plan: ClusterPlan | undefined;

  constructor(engine: Engine, options: ValidOptions, context: StartContext) {
    this.#engine = engine;
    this.#options = options;
    this.#context = context;
  }

  async run(begun: number, prepareMs: number): Promise<ClusterHandle> {
    using deadline = startDeadline({
      timeoutMs: this.#context.timeoutMs,
      signal: this.#context.signal,
      what: () => `Starting the cluster (phase: ${this.#phase})`,
      timeoutCode: "START_TIMEOUT",
      abortCode: "START_ABORTED",
    });
    try {
      const networkBegun = monotonicMs();
      await guardAgainstDeath(this.#engine, this.#cleanup);
      const image = await abortable(readImageConfig(this.#engine, this.#options.image), deadline.signal);
      const { plan, network } = await makeNetwork(
        this.#engine,
        this.#options,
        this.#cleanup,
        deadline.signal,
      );
      this.#plan = plan;
      log("%s: %d nodes of %s on %s", plan.name, plan.nodes.length, plan.image, plan.network.subnet);
      // Beside the boot, which waits for the engine most of the time.
      const sweeping = sweepOnce(this.#engine);
      const containersBegun = monotonicMs();
      this.#phase = "containers";
      using _exits = watchExits(this.#engine, plan.name, (exit) => this.#stopAtExit(exit));
      const signal = AbortSignal.any([deadline.signal, this.#trouble.signal]);
      const hosts = publishedHosts(this.#engine, plan.publishOn);
      const certificates = plan.tls && (await issueCertificates(plan, plan.tls.clientAuth, ...hosts));
      const access = accessOf(plan, certificates && clientTls(certificates));
      const booting = this.#boot(plan, access, certificates, image, signal);
      const forming = formCluster(plan, booting.connections, signal);
      // Heard below, when its phase has come: formation begins while the last nodes boot.
      forming.catch(() => {});
      await abortable(Promise.all(booting.connections), signal);
      this.#phase = "formation";
      log("%s: all nodes have booted", plan.name);
      const formationBegun = monotonicMs();
      const { way, fellBackBecause } = await forming;
      this.#phase = "clients";
      log(
        "%s: formed by way of %s%s",
        plan.name,
        way,
        fellBackBecause === undefined ? "" : `: ${fellBackBecause}`,
      );
      const clientsBegun = monotonicMs();
      // A node that is silent for a moment is asked again.
      const take = (seed?: SeedData): Promise<Baseline> =>
        retryUntilAnswered(
          () => takeBaseline(plan, this.#connections, seed, signal),
          BASELINE_POLL_MS,
          signal,
        ).catch((error: unknown) => {
          throw explainTimeout(signal, error);
        });
      const [client, empty] = await Promise.all([
        this.#connect(plan, access, signal),
        this.#context.seed === undefined ? take() : undefined,
      ]);
      const seedBegun = monotonicMs();
      const seed = await this.#seed(plan, access, image, client, signal);
      const seedEnd = monotonicMs();
      const baseline = empty ?? (await take(seed));
      const sharing = new LocalSharing(plan, access, network.id, this.#options.evidenceDir, baseline);
      this.#cleanup.add("lease", "the lease of the cluster", () => sharing[Symbol.asyncDispose]());
      // After everything of this cluster is removed, and not at all if the start fails.
      this.#cleanup.whenEmpty(() => sweeping);
      const end = monotonicMs();
      log("%s: ready after %d ms", plan.name, Math.round(end - begun));
      return new ClusterHandle({
        engine: this.#engine,
        plan,
        network,
        client,
        clients: this.#clients,
        addresses: this.#addresses,
        access,
        containers: this.#containers,
        connections: this.#connections,
        lateFaults: new LateFaults(plan.timeScale),
        evidenceDir: this.#options.evidenceDir,
        cleanup: this.#cleanup,
        sharing,
        startup: {
          prepareMs,
          networkMs: containersBegun - networkBegun,
          containersMs: formationBegun - containersBegun,
          formationMs: clientsBegun - formationBegun,
          clientsMs: end - clientsBegun - (seedEnd - seedBegun),
          seedMs: seedEnd - seedBegun,
          totalMs: end - begun,
          way,
          fellBackBecause,
          hardeningDroppedBecause: booting.hardeningDroppedBecause(),
        },
      });
    } catch (error) {
      throw await this.#giveUp(error);
    }
  }

  async #seed(
    plan: ClusterPlan,
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
        addresses: this.#addresses,
        access,
        connections: this.#connections,
        cleanup: this.#cleanup,
        unconfirmedContainers: this.#lost,
      },
      seed,
      signal,
    );
    this.#phase = "clients";
    return data;
  }

  async #connect(plan: ClusterPlan, access: Access, signal: AbortSignal): Promise<Cluster> {
    // Before anything is opened: this runs also if a sibling fails while the client still connects.
    this.#cleanup.add("clients", "the client", async () => {
      await Promise.all(this.#clients.close().map(closeCluster));
    });
    return await connectCluster(plan, this.#addresses, access, undefined, signal, this.#clients.track);
  }

  #boot(
    plan: ClusterPlan,
    access: Access,
    certificates: ClusterCertificates | undefined,
    image: ImageConfig,
    signal: AbortSignal,
  ): Booting {
    const booting = bootNodes({
      engine: this.#engine,
      plan,
      addresses: this.#addresses,
      access,
      certificates,
      image,
      containers: this.#containers,
      connections: this.#connections,
      cleanup: this.#cleanup,
      lost: this.#lost,
      configureNode: this.#context.configureNode,
      signal,
    });
    const connections = booting.connections.map((booted) =>
      booted.catch((error: unknown) => {
        // One node's failure must not leave the others waiting for it.
        this.#trouble.abort(error);
        throw error;
      }),
    );
    return { ...booting, connections };
  }

  #stopAtExit({ node, exitCode }: ContainerExit): void {
    const problem = findImageProblem(exitCode);
    if (problem !== undefined) {
      this.#trouble.abort(unsuitableImage(this.#options.image, problem, { details: { node, exitCode } }));
      return;
    }
    this.#trouble.abort(
      new RedisClusterError(
        "NODE_EXITED",
        `${node} exited with code ${exitCode} while the cluster started.`,
        {
          details: { node, exitCode },
        },
      ),
    );
  }

  /** Collects the evidence, removes everything, and returns the error that the caller is to see. */
  async #giveUp(cause: unknown): Promise<unknown> {
    // Whatever still runs next to the step that failed: boots, formation, the client.
    this.#trouble.abort(cause);
    const history = new ClusterHistory();
    // A caller who aborts a start wants it to end, and needs no explanation.
    const isAborted = cause instanceof RedisClusterError && cause.code === "START_ABORTED";
    const bundle = isAborted ? undefined : await this.#collectEvidence(history, cause);
    const explained = explainFailure(cause, this.#phase, bundle === undefined ? [] : nodesAtFailure(bundle));
    log("the start failed with %s: %s", explained.code, explained.message.split("\n")[0]);
    history.addError(`start (${this.#phase})`, explained);
    const error = await this.#cleanUp(explained);
    const directory = this.#context.evidenceDir;
    return bundle === undefined || directory === undefined
      ? error
      : await withEvidence(error, bundle, directory, `failed start ${this.#phase}`);
  }

  async #collectEvidence(history: ClusterHistory, error: unknown): Promise<EvidenceBundle> {
    const parts = {
      engine: this.#engine,
      plan: this.#plan,
      containers: this.#containers,
      connections: this.#connections,
    };
    // The engine itself may be what failed.
    const signal = AbortSignal.timeout(EVIDENCE_TIMEOUT_MS);
    return await collectEvidence(evidenceSource(parts, history), { error, signal });
  }

  async #cleanUp(explained: RedisClusterError): Promise<RedisClusterError> {
    try {
      const { nodes, timeScale } = this.#options;
      // An engine that does not answer any more must not keep the error from being told.
      using limit = startCallDeadline(
        () => `Removing what the start had made (phase: ${this.#cleanup.current ?? "done"})`,
        {},
        { timeoutMs: CLEANUP_MS + nodes * CLEANUP_MS_PER_NODE, timeScale },
      );
      await abortable(this.#cleanup.run(), limit.signal);
    } catch (cleanupError) {
      return new RedisClusterError(explained.code, `${explained.message}\n  ${messageOf(cleanupError)}`, {
        cause: explained.cause,
        details: { ...explained.details, cleanupError },
      });
    }
    return explained;
  }
}
