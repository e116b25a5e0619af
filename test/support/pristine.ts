import type { StartedRedisCluster } from "testcontainers-redis-cluster";

/**
 * Returns a sentence for each trace of earlier use that a cluster still has after a reset. The checks are independent of the
 * verification that the reset itself does.
 */
export async function findTraces(cluster: StartedRedisCluster): Promise<readonly string[]> {
  const { problems } = await cluster.check();
  const nodes = await Promise.all(
    cluster.nodes.map(async ({ name, client, plannedRole }) => {
      const [size, [role], [, policy], users] = await Promise.all([
        client.dbsize(),
        client.role(),
        client.config("GET", "maxmemory-policy"),
        client.acl("LIST"),
      ]);
      const planned = plannedRole === "primary" ? "master" : "slave";
      return [
        ...(policy === "noeviction" ? [] : [`${name} has the policy ${policy}`]),
        ...(users.length === 1 ? [] : [`${name} has ${users.length} users`]),
        ...(size === 0 ? [] : [`${name} has ${size} keys`]),
        ...(role === planned ? [] : [`${name} is ${String(role)}, not ${planned}`]),
      ];
    }),
  );
  return [...problems, ...nodes.flat(), ...cluster.activeFaults.map(({ description }) => description)];
}
