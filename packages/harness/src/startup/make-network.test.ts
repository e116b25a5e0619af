import { expect, test } from "vitest";
import type { Engine } from "../docker/engine.ts";
import { CleanupStack } from "../lifecycle/cleanup-stack.ts";
import { validateOptions } from "../plan/validate-options.ts";
import { makeNetwork } from "./make-network.ts";

const NEVER = new AbortController().signal;

/** An engine that refuses so many networks before it makes one, as one does where somebody else was quicker. */
function engineThatRefuses(times: number): { readonly engine: Engine; readonly asked: string[] } {
  const asked: string[] = [];
  const docker = {
    listNetworks: () => Promise.resolve([]),
    createNetwork: ({ IPAM }: { IPAM: { Config: { Subnet: string }[] } }) => {
      asked.push(IPAM.Config[0]?.Subnet ?? "");
      return asked.length <= times
        ? Promise.reject(new Error("(HTTP code 403) Pool overlaps with other one on this address space"))
        : Promise.resolve({ id: "made" });
    },
    getNetwork: () => ({ remove: () => Promise.resolve() }),
  };
  const owner = {
    machine: "m",
    boot: "b",
    pidNamespace: "p",
    user: "u",
    pid: 1,
    startedAt: "s",
    project: "/",
    version: "0",
  };
  const engine = { docker, local: false, sessionId: "session", owner } as unknown as Engine;
  return { engine, asked };
}

test("a range that somebody else took at the same moment is followed by another one, planned anew", async () => {
  const { engine, asked } = engineThatRefuses(2);
  const { plan, network } = await makeNetwork(engine, validateOptions({}, {}), new CleanupStack(), NEVER);
  expect(new Set(asked).size).toBe(3);
  expect(plan.network.subnet).toBe(asked[2]);
  expect(network.id).toBe("made");
  const prefix = plan.network.subnet.replace(/\.0\/24$/, "");
  expect(plan.nodes.every(({ address }) => address.startsWith(`${prefix}.`))).toBe(true);
});

test("a range that the user wants is not exchanged for another one", async () => {
  const { engine, asked } = engineThatRefuses(1);
  const options = validateOptions({ subnet: "10.77.0.0/24" }, {});
  await expect(makeNetwork(engine, options, new CleanupStack(), NEVER)).rejects.toMatchObject({
    code: "SUBNET_TAKEN",
  });
  expect(asked).toEqual(["10.77.0.0/24"]);
});
