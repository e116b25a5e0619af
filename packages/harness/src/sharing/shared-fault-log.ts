import { randomUUID } from "node:crypto";
import type { NetworkFaultLog } from "../faults/network-fault-log.ts";
import { startDeadline } from "../timing/deadline.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import type { Sharing } from "./sharing.ts";

/** The process that started the cluster answers within a millisecond, unless it is blocked. Times the time scale. */
const REPORT_TIMEOUT_MS = 5_000;

/** Records network faults with the process that started the cluster. */
export class SharedFaultLog implements NetworkFaultLog {
  readonly #sharing: Sharing;
  readonly #plan: ClusterPlan;

  constructor(sharing: Sharing, plan: ClusterPlan) {
    this.#sharing = sharing;
    this.#plan = plan;
  }

  async record(nodes: readonly string[]): Promise<() => Promise<void>> {
    const id = randomUUID();
    await this.#report((signal) => this.#sharing.recordNetworkFault(id, nodes, signal));
    return async () => {
      await this.#report((signal) => this.#sharing.forgetNetworkFaults([id], signal)).catch(() => {});
    };
  }

  async #report(send: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { name, timeScale } = this.#plan;
    using deadline = startDeadline({
      timeoutMs: REPORT_TIMEOUT_MS,
      timeScale,
      signal: undefined,
      what: () => `Reporting a network fault to the process that started ${name}`,
      timeoutCode: "WAIT_TIMEOUT",
      abortCode: "WAIT_ABORTED",
    });
    await send(deadline.signal);
  }
}
