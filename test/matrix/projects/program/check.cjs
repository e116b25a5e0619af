// Uses the installed library as a program would: a start, a write, a killed primary with its failover, a reset, a stop.

const versionOf = (load, name) => {
  try {
    return load(`${name}/package.json`).version;
  } catch {
    return undefined;
  }
};

/** The packages of the client libraries that are optional, and their names in the library. */
const CLIENTS = { redis: "node-redis", iovalkey: "iovalkey", "@valkey/valkey-glide": "valkey-glide" };

const isInstalled = (load, name) => {
  try {
    return load.resolve(name) !== "";
  } catch {
    return false;
  }
};

/**
 * @param load the `require` of the program.
 * @param library the exports of testcontainers-redis-cluster.
 * @param ioredis the exports of the project's own ioredis; undefined if it has none.
 */
exports.check = async (load, { startRedisCluster }, ioredis) => {
  const cluster = await startRedisCluster({ nodes: 6, replicas: 1 });
  try {
    await cluster.client.set("order:42", "paid");
    const { client } = await cluster.primaryOf("order:42");
    if ((await client.wait(1, 5_000)) !== 1) throw new Error("the replica did not receive the write");
    if (ioredis !== undefined && !(cluster.client instanceof ioredis.Cluster)) {
      throw new Error("the client is not a Cluster of the project's ioredis");
    }
    const failover = await cluster.observeFailover(() => cluster.killPrimary("order:42"));
    if (failover.promoted.name === failover.failed.name) throw new Error("no replica was promoted");
    const value = await cluster.client.get("order:42");
    if (value !== "paid") throw new Error(`read ${value} after the failover`);
    const { strategy } = await cluster.reset();
    if ((await cluster.client.dbsize()) !== 0) throw new Error("the reset left keys");
    const own = cluster.clientOptions();
    if (ioredis !== undefined) {
      const application = new ioredis.Cluster(own.startupNodes, own.options);
      await application.set("order:43", "open");
      application.disconnect();
    }
    for (const [name, client] of Object.entries(CLIENTS)) {
      if (!isInstalled(load, name)) continue;
      if (name === "redis" && versionOf(load, name).startsWith("4.")) {
        const code = await cluster.connect({ client }).catch((error) => error.code);
        if (code !== "CLIENT_MISSING") throw new Error(`the client of an unsupported version: ${code}`);
        continue;
      }
      const other = await cluster.connect({ client });
      await other.set("order:44", "paid");
      if ((await other.get("order:44")) !== "paid") throw new Error(`${client} does not work`);
    }
    const names = ["testcontainers", "@testcontainers/redis", "ioredis"];
    const versions = Object.fromEntries(names.map((name) => [name, versionOf(load, name)]));
    console.log(JSON.stringify({ versions, strategy, startMs: cluster.startup.totalMs }));
  } finally {
    await cluster.stop();
  }
};
