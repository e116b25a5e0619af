import type { ClusterFaults } from "./cluster-faults.ts";
import { delay } from "./delay.ts";
import { failover } from "./failover.ts";
import type { FaultTools } from "./fault-tools.ts";
import { freezeReplication } from "./freeze-replication.ts";
import { kill, killMaster, stopNode } from "./kill.ts";
import { loss } from "./loss.ts";
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
    killMaster: (...args) => killMaster(tools, ...args),
    stopNode: (...args) => stopNode(tools, ...args),
    restart: (...args) => restart(tools, ...args),
    pause: (...args) => pause(tools, ...args),
    resume: (...args) => resume(tools, ...args),
    partition: (...args) => partition(tools, ...args),
    isolate: (...args) => isolate(tools, ...args),
    loss: (...args) => loss(tools, ...args),
    delay: (...args) => delay(tools, ...args),
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
