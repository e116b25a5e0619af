import { expect, test } from "vitest";
import { AddressTable } from "../clients/address-table.ts";
import type { NodeClientOptions } from "../clients/node-client.ts";
import type { NodeContainer } from "../docker/node-container.ts";
import type { NodePlan } from "../plan/cluster-plan.ts";
import { planCluster } from "../plan/plan-cluster.ts";
import { parseSubnet } from "../plan/subnet.ts";
import { validateOptions } from "../plan/validate-options.ts";
import { NodeHandle } from "./node-handle.ts";

const PLAN = planCluster(validateOptions({}, {}), parseSubnet("10.1.0.0/24"), (characters) =>
  "0".repeat(characters),
);

function createHandle(): NodeHandle {
  return new NodeHandle(
    PLAN.nodes[0] as NodePlan,
    { password: undefined, tls: undefined },
    { id: "container" } as unknown as NodeContainer,
    new AddressTable(),
    { timeoutMs: 1_000, timeScale: 1 },
  );
}

test.each<[names: string, options: NodeClientOptions]>([
  ["host, port", { host: "10.0.0.1", port: 1 }],
  ["path", { path: "/tmp/redis.sock" }],
  ["sentinels", { sentinels: [{ host: "10.0.0.1", port: 1 }] }],
])("connect rejects options that contain %s", async (names, options) => {
  await expect(createHandle().connect(options)).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    message: expect.stringContaining(`expected options without ${names}`),
  });
});
