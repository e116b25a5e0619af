import { ProbeWriter } from "../clients/probe-writer.ts";
import type { ClusterContext } from "../cluster/cluster-context.ts";
import { findNode } from "../cluster/find-node.ts";
import type { WaitOptions } from "../timing/call-deadline.ts";
import type { FailoverProspects } from "../queries/failover-prospects.ts";
import { queryAnyNode } from "../queries/query-any-node.ts";
import { findTooSmallElectorate } from "../view/automatic-failover.ts";
import { parseInfo, serverVersion } from "../view/parse-info.ts";
import { type ExpectedFailover, expectedFailoverMs } from "./expected-failover.ts";
import type { Failover, ObserveFailoverOptions } from "./failover.ts";
import type { FailoverObservation } from "./failover-observation.ts";
import { observeFailover, readObserveOptions, type ValidObserveOptions } from "./observe-failover.ts";
import type { ObservedCluster } from "./observed-cluster.ts";

/** Observes failovers of the cluster of one handle. */
export class FailoverObserver implements FailoverObservation {
  readonly #context: ClusterContext;
  readonly #prospects: FailoverProspects;

  constructor(context: ClusterContext, prospects: FailoverProspects) {
    this.#context = context;
    this.#prospects = prospects;
  }

  async observeFailover(
    action: () => Promise<unknown>,
    options: ObserveFailoverOptions = {},
  ): Promise<Failover> {
    const valid = readObserveOptions(options);
    return await this.#context.calls.track("observation", (ended) => this.#observe(action, valid, ended));
  }

  async expectedFailoverMs(options: WaitOptions = {}): Promise<ExpectedFailover> {
    const { calls, nodes, plan } = this.#context;
    const connections = nodes.map(({ connection }) => connection);
    const info = await calls.run("Reading the server's version", options, (signal) =>
      queryAnyNode(connections, ["INFO", "server"], signal),
    );
    const replicas = Math.min(...plan.shards.map((shard) => shard.replicas.length));
    return expectedFailoverMs({
      nodeTimeoutMs: plan.nodeTimeoutMs,
      server: serverVersion(parseInfo(info)),
      // A replica that cannot be promoted without a takeover does not count.
      replicas: findTooSmallElectorate(plan.shards.length) === undefined ? replicas : 0,
    });
  }

  async #observe(
    action: () => Promise<unknown>,
    options: ValidObserveOptions,
    ended: AbortSignal,
  ): Promise<Failover> {
    const { plan, addresses, access, nodes, history, calls } = this.#context;
    const { signal: given } = options;
    await using probe = await calls.run("Connecting the probe", { signal: given }, (signal) =>
      ProbeWriter.open(plan, addresses, access, AbortSignal.any([signal, ended])),
    );
    const cluster: ObservedCluster = {
      plan,
      connections: nodes.map(({ connection }) => connection),
      endSignal: ended,
      logStream: (node, sinceEpochSeconds) =>
        findNode(nodes, node).handle.logStream({ since: sinceEpochSeconds }),
      probe,
      requireFailoverPossible: () => this.#prospects.requireFailoverPossible(),
      firstFaultSince: (ms) =>
        history.faults
          .map(({ since }) => since)
          .toSorted((a, b) => a - b)
          .find((since) => since >= ms),
    };
    try {
      const failover = await observeFailover(cluster, action, options);
      history.addFailover(failover);
      return failover;
    } catch (error) {
      throw await calls.failed("Observing a failover", error);
    }
  }
}
