import { expect, test } from "vitest";
import { deriveTraits } from "./engine-traits.ts";
import { requireLimits } from "./require-limits.ts";

const NONE = { memoryMb: undefined, cpus: undefined, pidsLimit: undefined };

test("rejects all limits that the engine ignores in one error, with the reason", () => {
  const engine = { traits: deriveTraits({ CgroupDriver: "none" }) };
  expect(() => requireLimits(engine, { ...NONE, memoryMb: 64, cpus: 1 })).toThrow(
    expect.objectContaining({
      code: "LIMITS_UNAVAILABLE",
      message:
        "The engine cannot limit the containers as requested by `memoryMb`, `cpus`: the engine runs without root on a machine without cgroups v2. Leave out these options.",
      details: { options: ["memoryMb", "cpus"] },
    }),
  );
  expect(() => requireLimits(engine, NONE)).not.toThrow();
});

test("accepts limits that the engine enforces", () => {
  const engine = { traits: deriveTraits({ CpuCfsQuota: false }) };
  expect(() => requireLimits(engine, { ...NONE, memoryMb: 64, pidsLimit: 100 })).not.toThrow();
  expect(() => requireLimits(engine, { ...NONE, cpus: 0.5 })).toThrow(/kernel of the engine.* this option/);
});
