import type { Sharing } from "./sharing.ts";

/**
 * Returns the same sharing for a handle that does not own the cluster: the cluster continues when the handle is stopped, also if
 * this process started it.
 */
export function withoutOwnership(sharing: Sharing): Sharing {
  return {
    clusterOutlivesHandle: true,
    baseline: (signal) => sharing.baseline(signal),
    keepBaseline: (baseline, signal) => sharing.keepBaseline(baseline, signal),
    networkFaults: (signal) => sharing.networkFaults(signal),
    recordNetworkFault: (id, nodes, signal) => sharing.recordNetworkFault(id, nodes, signal),
    forgetNetworkFaults: (ids, signal) => sharing.forgetNetworkFaults(ids, signal),
    lease: (signal) => sharing.lease(signal),
    share: (containerIds) => sharing.share(containerIds),
  };
}
