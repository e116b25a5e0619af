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
 * Waits until all slots can be read, reads all values from the primaries and checks the history. Values that seem to be lost,
 * duplicated or stale are read a second time. If a slot has moved to another node in the meantime, starts over.
 *
 * @throws the reason of the signal, with the obstacle at that moment, when the signal aborts.
 */
export async function buildLedger(
  target: WorkloadTarget,
  history: WorkloadHistory,
  valueBytes: number,
  signal: AbortSignal,
): Promise<Ledger> {
  try {
    let owners = await target.waitUntilReadable(signal);
    for (;;) {
      const ledger = await readAndCheck(target, history, valueBytes, signal);
      // A node that loses its slots during the read may return data that it is about to drop.
      if ((await target.readOwnership()) === owners) return ledger;
      // The owners also differ if a node was only too slow to answer.
      const ownersNow = await target.waitUntilReadable(signal);
      if (ownersNow === owners) return ledger;
      owners = ownersNow;
    }
  } catch (error) {
    throw explainTimeout(signal, error);
  }
}

async function readAndCheck(
  target: WorkloadTarget,
  history: WorkloadHistory,
  valueBytes: number,
  signal: AbortSignal,
): Promise<Ledger> {
  const client = await connect(target, signal);
  try {
    const values = await readBack(client, history.keyspace, history.log, valueBytes, signal);
    const ledger = checkHistory(history, values);
    const reread = await rereadFindings(client, history, valueBytes, ledger, values, signal);
    return reread === undefined ? ledger : checkHistory(history, reread);
  } finally {
    client.disconnect();
  }
}

/** Connects a client. If the signal aborts, the client is closed as soon as it has connected. */
async function connect(target: WorkloadTarget, signal: AbortSignal): Promise<Cluster> {
  const connecting = target.connectReader(signal);
  try {
    return await abortable(connecting, signal);
  } catch (error) {
    connecting.then(
      (client) => client.disconnect(),
      () => {},
    );
    throw error;
  }
}
