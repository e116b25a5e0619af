import type { ClusterFaults } from "./cluster-faults.ts";
import { delayPackets } from "./delay-packets.ts";
import { failover } from "./failover.ts";
import type { FaultTools } from "./fault-tools.ts";
import { freezeReplication } from "./freeze-replication.ts";
import { kill, killPrimary, shutdown } from "./kill.ts";
import { dropPackets } from "./drop-packets.ts";
import { isolate, partition } from "./partition.ts";
import { pause, resume } from "./pause.ts";
import { restart } from "./restart.ts";
import { slowCommands } from "./slow-commands.ts";

/**
 * Creates the object that breaks a cluster. Its methods are closures, so that they can be taken out of the object.
 *
 * @param observeFailover observes a failover of the cluster.
 */
export function createFaults(
  tools: FaultTools,
  observeFailover: ClusterFaults["observeFailover"],
): ClusterFaults {
  const { registry, repairs, targets } = tools;
  return {
    get activeFaults() {
      return registry.active;
    },
    kill: (...args) => kill(tools, ...args),
    killPrimary: (...args) => killPrimary(tools, ...args),
    killMaster: (...args) => killPrimary(tools, ...args),
    shutdown: (...args) => shutdown(tools, ...args),
    stopNode: (...args) => shutdown(tools, ...args),
    restart: (...args) => restart(tools, ...args),
    pause: (...args) => pause(tools, ...args),
    resume: (...args) => resume(tools, ...args),
    partition: (...args) => partition(tools, ...args),
    isolate: (...args) => isolate(tools, ...args),
    dropPackets: (...args) => dropPackets(tools, ...args),
    loss: (...args) => dropPackets(tools, ...args),
    delayPackets: (...args) => delayPackets(tools, ...args),
    delay: (...args) => delayPackets(tools, ...args),
    slowCommands: (...args) => slowCommands(tools, ...args),
    freezeReplication: (...args) => freezeReplication(tools, ...args),
    failover: (...args) => failover(tools, ...args),
    heal: (options) => repairs.during(() => registry.healAll(options)),
    select: async (target, options = {}) =>
      await targets.run("Selecting", targets.validate(target), options, ({ nodes }) =>
        Promise.resolve(nodes.map(({ handle }) => handle)),
      ),
    observeFailover,
  };
}
