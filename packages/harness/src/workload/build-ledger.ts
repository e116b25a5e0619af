import type { Cluster } from "ioredis";
import { abortable } from "../timing/deadline.ts";
import { explainTimeout } from "../timing/call-deadline.ts";
import type { WorkloadHistory } from "./workload-history.ts";
import { checkHistory } from "./checker/check-history.ts";
import type { Ledger } from "./ledger.ts";
import { rereadFindings } from "./reread-findings.ts";
import { readBack } from "./read-back.ts";
import type { WorkloadTarget } from "./workload-target.ts";

/**
 * Waits until the cluster is whole, reads everything back from its primaries and judges. What would be called lost,
 * duplicated or gone back is looked up once more; and if a slot has changed hands meanwhile, all of it is done again.
 * Where the signal ends that before, the error is the signal's reason and tells what was missing.
 */
export async function buildLedger(
  target: WorkloadTarget,
  history: WorkloadHistory,
  valueBytes: number,
  signal: AbortSignal,
): Promise<Ledger> {
  try {
    let owners = await target.whenWhole(signal);
    for (;;) {
      const ledger = await readAndJudge(target, history, valueBytes, signal);
      // A node that loses its slots while it is asked may answer with what it is about to drop.
      if ((await target.ownership()) === owners) return ledger;
      // A node may only have been slow to answer.
      const ownersNow = await target.whenWhole(signal);
      if (ownersNow === owners) return ledger;
      owners = ownersNow;
    }
  } catch (error) {
    throw explainTimeout(signal, error);
  }
}

async function readAndJudge(
  target: WorkloadTarget,
  history: WorkloadHistory,
  valueBytes: number,
  signal: AbortSignal,
): Promise<Ledger> {
  const client = await connect(target, signal);
  try {
    const found = await readBack(client, history.keyspace, history.log, valueBytes, signal);
    const ledger = checkHistory(history, found);
    const again = await rereadFindings(client, history, valueBytes, ledger, found, signal);
    return again === undefined ? ledger : checkHistory(history, again);
  } finally {
    client.disconnect();
  }
}

/** A client that comes too late is closed. */
async function connect(target: WorkloadTarget, signal: AbortSignal): Promise<Cluster> {
  const connecting = target.connectReader(signal);
  try {
    return await abortable(connecting, signal);
  } catch (error) {
    connecting.then(
      (late) => late.disconnect(),
      () => {},
    );
    throw error;
  }
}
