import { expect, test } from "vitest";
import { removeNetwork } from "./cluster-network.ts";
import type { Engine } from "./engine.ts";

const ACTIVE = "error while removing network: network net id 4f has active endpoints ";

/** Returns an engine that rejects the removal of its network, which contains these containers. */
function engineWith(statusCode: number, message: string, containers: object): Engine {
  const error = Object.assign(new Error(message), { statusCode });
  const network = {
    remove: () => Promise.reject(error),
    inspect: () => Promise.resolve({ Containers: containers }),
  };
  return { docker: { getNetwork: () => network } } as unknown as Engine;
}

test("removeNetwork resolves if the network does not exist", async () => {
  await removeNetwork(engineWith(404, "no such network", {}), "4f");
});

test("removeNetwork rejects with the message of the engine if a container is left", async () => {
  const removal = removeNetwork(engineWith(403, ACTIVE, { c1: {} }), "4f");
  await expect(removal).rejects.toThrow(ACTIVE);
});

test("removeNetwork names the defect if the engine counts endpoints wrongly", async () => {
  const removal = removeNetwork(engineWith(403, ACTIVE, {}), "4f");
  await expect(removal).rejects.toThrow(
    /has active endpoints, but the network contains no container: the engine's count of endpoints is wrong .*42119.*restart of the engine/,
  );
});
