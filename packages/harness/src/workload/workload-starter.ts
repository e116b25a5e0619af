import type { ClusterClients } from "../clients/cluster-clients.ts";
import { identifyNode } from "../clients/identify-node.ts";
import { workloadClientOptions } from "../clients/workload-client.ts";
import type { ClusterContext } from "../cluster/cluster-context.ts";
import { RedisClusterError } from "../errors.ts";
import { poll } from "../timing/retry.ts";
import type { WaitOptions } from "../timing/call-deadline.ts";
import type { FailoverProspects } from "../queries/failover-prospects.ts";
import { readPromptViews, readView } from "../queries/read-views.ts";
import { findTooSmallElectorate } from "../view/automatic-failover.ts";
import type { NodeView } from "../view/node-view.ts";
import { describeOwnership, servingNodeBySlot } from "../view/ownership.ts";
import { findReadObstacle } from "../view/slot-owners.ts";
import type { ClusterWorkloadOptions, ClusterWorkloads } from "./cluster-workloads.ts";
import { startWorkload } from "./start-workload.ts";
import { requireWorkloadObject } from "./workload-options.ts";
import type { NodeOrName, Workload } from "./workload.ts";
import type { WorkloadTarget } from "./workload-target.ts";

/** Maximum time in which a healthy node answers, unless the machine is overloaded. */
const PROMPT_TIMEOUT_MS = 200;
const POLL_MS = 20;

/** Starts the workloads of one handle, and ends those that are still running. */
export class WorkloadStarter implements ClusterWorkloads {
  readonly #context: ClusterContext;
  readonly #clients: Pick<ClusterClients, "connect">;
  readonly #prospects: FailoverProspects;
  readonly #running = new Set<Workload>();

  constructor(
    context: ClusterContext,
    clients: Pick<ClusterClients, "connect">,
    prospects: FailoverProspects,
  ) {
    this.#context = context;
    this.#clients = clients;
    this.#prospects = prospects;
  }

  async startWorkload(options: ClusterWorkloadOptions = {}, wait: WaitOptions = {}): Promise<Workload> {
    const { calls, history } = this.#context;
    calls.throwIfEnded();
    requireWorkloadObject(options);
    const { client, ...workloadOptions } = options;
    const target: WorkloadTarget = {
      ...this.#target(client, wait),
      // The caller may keep a reference to the workload, whose log may be large.
      onReleased: () => void this.#running.delete(workload),
    };
    const ended = calls.signal("call");
    const workload = await startWorkload(target, workloadOptions);
    if (calls.ended !== undefined || ended.aborted) {
      // `endAll()` has already run, without this workload.
      await workload[Symbol.asyncDispose]();
      calls.throwIfEnded();
      throw ended.reason;
    }
    this.#running.add(workload);
    history.addSeed("workload", workload.seed);
    return workload;
  }

  /** Ends the running workloads without ledgers. */
  async endAll(): Promise<void> {
    const workloads = [...this.#running];
    this.#running.clear();
    await Promise.all(workloads.map((workload) => workload[Symbol.asyncDispose]()));
  }

  #target(client: ClusterWorkloadOptions["client"], wait: WaitOptions): WorkloadTarget {
    const { addresses, history, plan } = this.#context;
    const clients = workloadClientOptions(client);
    return {
      shardSlots: plan.shards.map(({ slots }) => slots),
      timeScale: plan.timeScale,
      nodeNames: plan.nodes.map(({ name }) => name),
      indexOf: (node) => this.#indexOf(node),
      clientKeyPrefix: clients.keyPrefix,
      // A test with its own client options observes what such a client does by itself.
      canRefreshSlots: client === undefined,
      connect: () => this.#clients.connect(clients.options, wait),
      connectReader: (signal) => this.#clients.connect(clients.readBack, { signal }),
      identify: (connection) => identifyNode(connection, plan, addresses),
      readSlotOwners: async () => servingNodeBySlot(await this.#promptViews(), plan),
      readOwnership: async () => describeOwnership(await this.#promptViews()),
      waitUntilReadable: (signal) => poll(() => this.#requireReadable(), { everyMs: POLL_MS, signal }),
      ...(findTooSmallElectorate(plan.shards.length) === undefined
        ? {}
        : { requireFailoverPossible: () => this.#prospects.requireFailoverPossible() }),
      onLedger: (ledger) => history.addLedger(ledger),
    };
  }

  /** Returns the text that describes the slot owners. @throws Error with the reason if a slot cannot be read now. */
  async #requireReadable(): Promise<string> {
    const view = await readView(this.#context);
    const reason = findReadObstacle(view.views);
    if (reason === undefined) return describeOwnership(view.views);
    await this.#prospects.requireFailoverPossible(view);
    throw new Error(reason);
  }

  /** Returns the views of the nodes that answer promptly. */
  async #promptViews(): Promise<readonly NodeView[]> {
    const { calls, nodes, plan } = this.#context;
    calls.throwIfEnded();
    const connections = nodes.map(({ connection }) => connection);
    return await readPromptViews(connections, PROMPT_TIMEOUT_MS * plan.timeScale);
  }

  /** Returns the index of a node. @throws RedisClusterError UNKNOWN_NODE if the node does not belong to the cluster. */
  #indexOf(given: NodeOrName): number {
    const { nodes } = this.#context;
    const index = nodes.findIndex(({ handle }) => handle === given || handle.name === given);
    if (index !== -1) return index;
    const text = typeof given === "string" ? JSON.stringify(given) : "a node of another cluster";
    throw new RedisClusterError(
      "UNKNOWN_NODE",
      `Finding an acknowledged write: expected a node of this cluster, or a name from node-0 to node-${nodes.length - 1}, got ${text}.`,
      { details: typeof given === "string" ? { name: given } : {} },
    );
  }
}
