import type { StartedRedisCluster } from "../started-redis-cluster.ts";

/** The cluster's own calls that break it, to be taken apart: `const { killMaster, heal } = faults`. */
export type RedisClusterFaults = Pick<
  StartedRedisCluster,
  | "kill"
  | "killMaster"
  | "stopNode"
  | "restart"
  | "pause"
  | "resume"
  | "partition"
  | "isolate"
  | "loss"
  | "delay"
  | "slowCommands"
  | "freezeReplication"
  | "failover"
  | "observeFailover"
  | "heal"
>;

/** Binds the calls to their cluster: a method that is taken out of its object forgets it. */
export function bindFaults(cluster: RedisClusterFaults): RedisClusterFaults {
  return {
    kill: (...args) => cluster.kill(...args),
    killMaster: (...args) => cluster.killMaster(...args),
    stopNode: (...args) => cluster.stopNode(...args),
    restart: (...args) => cluster.restart(...args),
    pause: (...args) => cluster.pause(...args),
    resume: (...args) => cluster.resume(...args),
    partition: (...args) => cluster.partition(...args),
    isolate: (...args) => cluster.isolate(...args),
    loss: (...args) => cluster.loss(...args),
    delay: (...args) => cluster.delay(...args),
    slowCommands: (...args) => cluster.slowCommands(...args),
    freezeReplication: (...args) => cluster.freezeReplication(...args),
    failover: (...args) => cluster.failover(...args),
    observeFailover: (...args) => cluster.observeFailover(...args),
    heal: (...args) => cluster.heal(...args),
  };
}
