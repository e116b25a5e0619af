import { expect, test } from "vitest";
import { ApiCalls } from "../cluster/api-calls.ts";
import type { ClusterContext } from "../cluster/cluster-context.ts";
import { RedisClusterError } from "../errors.ts";
import { planCluster } from "../plan/plan-cluster.ts";
import { parseSubnet } from "../plan/subnet.ts";
import { validateOptions } from "../plan/validate-options.ts";
import type { FailoverProspects } from "../queries/failover-prospects.ts";
import { WorkloadStarter } from "./workload-starter.ts";

let next = 0;
const hex = (characters: number): string => String((next += 1)).padStart(characters, "0");
const plan = planCluster(validateOptions({}, {}), parseSubnet("10.1.0.0/24"), hex);

/** Returns a starter whose clients must not connect. */
function createStarter(): { readonly starter: WorkloadStarter; readonly calls: ApiCalls } {
  const calls = new ApiCalls(plan, (_, error) => Promise.resolve(error));
  const context = { plan, calls, nodes: [] } as unknown as ClusterContext;
  const clients = { connect: () => Promise.reject(new Error("A client connected.")) };
  return { starter: new WorkloadStarter(context, clients, {} as FailoverProspects), calls };
}

test("rejects with all invalid options before a client connects", async () => {
  const starting = createStarter().starter.startWorkload({ writers: 0, wait: -1, reads: 7 });
  await expect(starting).rejects.toMatchObject({
    code: "INVALID_OPTIONS",
    message: expect.stringMatching(/writers: [^]*wait: [^]*reads: /),
  });
});

test("rejects a key prefix of the client options that contains braces", async () => {
  const starting = createStarter().starter.startWorkload({ client: { keyPrefix: "{app}:" } });
  await expect(starting).rejects.toThrow(/client\.keyPrefix/);
});

test("rejects when the cluster has been stopped", async () => {
  const { starter, calls } = createStarter();
  calls.close(new RedisClusterError("CLUSTER_STOPPED", "The cluster has been stopped."));
  await expect(starter.startWorkload()).rejects.toMatchObject({ code: "CLUSTER_STOPPED" });
});

test.each([null, 5])("rejects %s instead of options", async (options) => {
  await expect(createStarter().starter.startWorkload(options as never)).rejects.toMatchObject({
    code: "INVALID_OPTIONS",
    message: expect.stringMatching(/^The workload's options are wrong[^]*expected an object/),
  });
});
