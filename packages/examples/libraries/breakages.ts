import type { StartedRedisCluster } from "testcontainers-redis-cluster";

/** A library that uses the cluster. */
export interface Library {
  /**
   * Uses the library and checks the results.
   *
   * @param event what has just happened to the cluster.
   */
  use(event: string): Promise<void>;
  /** Closes the library and its clients. */
  close(): Promise<unknown>;
}

/**
 * Uses a library at first, and again after each breakage of the shard of a key: its primary is killed and a replica promoted, the
 * killed node returns as a replica, and a manual failover makes it the primary again. Then resets the cluster, and opens and uses the
 * library again.
 */
export async function throughBreakages(
  cluster: StartedRedisCluster,
  key: string,
  open: () => Promise<Library>,
): Promise<void> {
  await withLibrary(open, async (library) => {
    // #region breakages
    await library.use("started");
    const kill = await cluster.killPrimary(key);
    await cluster.primaryOf(key); // waits for the promotion
    await library.use("killed");
    await kill.heal();
    await cluster.waitUntilHealthy();
    await library.use("restarted");
    await cluster.failover({ replicaOf: key });
    await library.use("failed over");
    // #endregion
  });
  await cluster.reset(); // as the fixture does between tests
  await withLibrary(open, (library) => library.use("reset"));
}

async function withLibrary(
  open: () => Promise<Library>,
  action: (library: Library) => Promise<void>,
): Promise<void> {
  const library = await open();
  try {
    await action(library);
  } finally {
    await library.close();
  }
}
