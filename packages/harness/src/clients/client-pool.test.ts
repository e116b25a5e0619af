import type { Cluster } from "ioredis";
import { expect, test } from "vitest";
import type { ClusterContext } from "../cluster/cluster-context.ts";
import { ClientPool } from "./client-pool.ts";
import { OpenClients } from "./open-clients.ts";

test.each<[type: string, natMap: unknown]>([
  ["string", "proxy"],
  ["number", 6379],
])("connect rejects a natMap that is a %s", async (type, natMap) => {
  const pool = new ClientPool({} as ClusterContext, {} as Cluster, new OpenClients<Cluster>());
  await expect(pool.connect({ natMap: natMap as never })).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    message: expect.stringContaining(`got a ${type}`),
  });
});

test.each(["container", undefined])("connectionInfo and environment reject the location %s", (from) => {
  const context = { calls: { wasLeft: false } } as ClusterContext;
  const pool = new ClientPool(context, {} as Cluster, new OpenClients<Cluster>());
  for (const describe of [() => pool.connectionInfo(from as never), () => pool.environment(from as never)])
    expect(describe).toThrow(/expected from to be "host" or "network", got/);
});
