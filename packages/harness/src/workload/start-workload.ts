import { type WorkloadOptions, validateWorkload } from "./workload-options.ts";
import { RunningWorkload } from "./running-workload.ts";
import type { Workload } from "./workload.ts";
import type { WorkloadTarget } from "./workload-target.ts";

/**
 * Number of writers that share a client, as the requests of a service do. With the option `wait` each writer has its own client,
 * because WAIT blocks its whole connection.
 */
const WRITERS_PER_CLIENT = 64;

/**
 * Connects the clients and starts the writers. If a client cannot connect, disconnects the others and rejects with its error.
 *
 * @throws InvalidOptionsError with every option that is invalid.
 */
export async function startWorkload(
  target: WorkloadTarget,
  options: WorkloadOptions = {},
): Promise<Workload> {
  const valid = validateWorkload(options, target.shardSlots.length, target.clientKeyPrefix);
  const clients = valid.wait > 0 ? valid.writers : Math.ceil(valid.writers / WRITERS_PER_CLIENT);
  const connected = await Promise.allSettled(Array.from({ length: clients }, () => target.connect()));
  const open = connected.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const failed = connected.find((result) => result.status === "rejected");
  if (failed !== undefined) {
    for (const client of open) client.disconnect();
    throw failed.reason;
  }
  return new RunningWorkload(target, valid, open);
}
