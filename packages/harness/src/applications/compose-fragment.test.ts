import { expect, test } from "vitest";
import { composeFragment } from "./compose-fragment.ts";

test("puts each service into both networks, with the environment", () => {
  expect(composeFragment(["api", "worker"], "trc-1", { REDIS_NODES: "10.1.0.2:6379" })).toEqual({
    services: {
      api: {
        networks: { default: {}, "redis-cluster": {} },
        environment: { REDIS_NODES: "10.1.0.2:6379" },
      },
      worker: {
        networks: { default: {}, "redis-cluster": {} },
        environment: { REDIS_NODES: "10.1.0.2:6379" },
      },
    },
    networks: { "redis-cluster": { name: "trc-1", external: true } },
  });
});

test("protects dollar signs from Compose", () => {
  const { services } = composeFragment(["api"], "trc-1", { REDIS_PASSWORD: "a$b$$c" });
  expect(services["api"]?.environment["REDIS_PASSWORD"]).toBe("a$$b$$$$c");
});
