import { type WorkloadOptions, validateWorkload } from "./workload-options.ts";
import { Workload } from "./workload.ts";
import type { WorkloadTarget } from "./workload-target.ts";

/**
 * So many writers share a client, as the requests of a service do; with `wait` each has its own, because WAIT holds up
 * its whole connection.
 */
const WRITERS_PER_CLIENT = 64;

/**
 * Connects the clients and starts the writers. What was opened is closed again where that fails.
 *
 * @throws InvalidOptionsError naming all options that are wrong.
 */
export async function startWorkload(
  target: WorkloadTarget,
  options: WorkloadOptions = {},
): Promise<Workload> {
  const valid = validateWorkload(options, target.shardSlots.length, target.clientKeyPrefix);
  const clients = valid.wait > 0 ? valid.writers : Math.ceil(valid.writers / WRITERS_PER_CLIENT);
  const connected = await Promise.allSettled(Array.from({ length: clients }, () => target.connect()));
  const open = connected.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  const failed = connected.find((each) => each.status === "rejected");
  if (failed !== undefined) {
    for (const client of open) client.disconnect();
    throw failed.reason;
  }
  return new Workload(target, valid, open);
}
