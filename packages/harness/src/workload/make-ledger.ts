import type { Cluster } from "ioredis";
import { orAborted } from "../lifecycle/deadline.ts";
import { waitError } from "../lifecycle/wait.ts";
import type { History } from "./history.ts";
import { judge } from "./judge.ts";
import type { Ledger } from "./ledger.ts";
import { readBack } from "./read-back.ts";
import type { WorkloadTarget } from "./workload-target.ts";

/**
 * Waits until the cluster is whole, reads everything back from its primaries and judges. Where the signal ends that
 * before, the error is the signal's reason and tells what was missing.
 */
export async function makeLedger(
  target: WorkloadTarget,
  history: History,
  valueBytes: number,
  signal: AbortSignal,
): Promise<Ledger> {
  try {
    await target.whenWhole(signal);
    const client = await connect(target, signal);
    try {
      return judge(history, await readBack(client, history.keyspace, history.log, valueBytes, signal));
    } finally {
      client.disconnect();
    }
  } catch (error) {
    throw waitError(signal, error);
  }
}

/** A client that comes too late is closed. */
async function connect(target: WorkloadTarget, signal: AbortSignal): Promise<Cluster> {
  const connecting = target.connect(signal);
  try {
    return await orAborted(connecting, signal);
  } catch (error) {
    connecting.then(
      (late) => late.disconnect(),
      () => {},
    );
    throw error;
  }
}
