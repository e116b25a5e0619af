import { expect, test } from "vitest";
import { removeNetwork } from "./cluster-network.ts";
import type { Engine } from "./engine.ts";

const ACTIVE = "error while removing network: network net id 4f has active endpoints ";

/** An engine that answers the removal of a network in one way, and has these containers in it. */
function engine(statusCode: number, message: string, containers: object): Engine {
  const error = Object.assign(new Error(message), { statusCode });
  const network = {
    remove: () => Promise.reject(error),
    inspect: () => Promise.resolve({ Containers: containers }),
  };
  return { docker: { getNetwork: () => network } } as unknown as Engine;
}

test("a network that is gone already is removed", async () => {
  await removeNetwork(engine(404, "no such network", {}), "4f");
});

test("a network in which a container is cannot be removed, in the engine's words", async () => {
  const removal = removeNetwork(engine(403, ACTIVE, { c1: {} }), "4f");
  await expect(removal).rejects.toThrow(ACTIVE);
});

test("a network whose endpoints the engine miscounts cannot be removed, and the error names the defect", async () => {
  const removal = removeNetwork(engine(403, ACTIVE, {}), "4f");
  await expect(removal).rejects.toThrow(
    /has active endpoints, but no container is in it: the engine's count of endpoints is wrong .*42119.*restart of the engine/,
  );
});
