import type { Sharing } from "./sharing.ts";

/** The same for a handle that ends before the cluster does, in whichever process the cluster was started. */
export function withoutOwnership(sharing: Sharing): Sharing {
  return {
    outlivesHandle: true,
    baseline: (signal) => sharing.baseline(signal),
    keepBaseline: (baseline, signal) => sharing.keepBaseline(baseline, signal),
    networkFaults: (signal) => sharing.networkFaults(signal),
    recordNetworkFault: (id, nodes, signal) => sharing.recordNetworkFault(id, nodes, signal),
    forgetNetworkFaults: (ids, signal) => sharing.forgetNetworkFaults(ids, signal),
    lease: (signal) => sharing.lease(signal),
    share: (containerIds) => sharing.share(containerIds),
  };
}
