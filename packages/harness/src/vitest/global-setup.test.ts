import { afterEach, expect, test, vi } from "vitest";
import type { TestProject } from "vitest/node";
import { RedisClusterError } from "../errors.ts";
import { redisClusterGlobalSetup, resetBetweenRuns } from "./global-setup.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

test("wrong arguments are refused at once, all together", () => {
  expect(() => redisClusterGlobalSetup([] as never, "" as never)).toThrow(
    expect.objectContaining({
      code: "INVALID_ARGUMENT",
      message: expect.stringMatching(/options: expected an object.*key: expected a name/),
    }),
  );
  expect(() => redisClusterGlobalSetup({}, 7 as never)).toThrow("key: expected");
});

test("a second cluster under the same key of a project is refused, and nothing is started", async () => {
  // Starts that fail before they begin: their options are wrong.
  const project = { name: "orders" } as TestProject;
  const first = redisClusterGlobalSetup({ nodes: 1 })(project);
  const second = redisClusterGlobalSetup({ nodes: 1 })(project);
  const other = redisClusterGlobalSetup({ nodes: 1 }, "redisClusterTls" as never)(project);
  const elsewhere = redisClusterGlobalSetup({ nodes: 1 })({ name: "payments" } as TestProject);
  const outcomes = await Promise.all(
    [first, second, other, elsewhere].map((setup) => setup.then(String, (error: unknown) => error)),
  );
  expect(outcomes).toMatchObject([
    { code: "INVALID_OPTIONS" },
    {
      code: "INVALID_ARGUMENT",
      message: expect.stringMatching(
        /"orders" already has a shared cluster under the key "redisCluster".*another key/,
      ),
    },
    { code: "INVALID_OPTIONS" },
    { code: "INVALID_OPTIONS" },
  ]);
  // A set-up that failed does not keep its key.
  await expect(redisClusterGlobalSetup({ nodes: 1 })(project)).rejects.toMatchObject({
    code: "INVALID_OPTIONS",
  });
});

test("a reset between two runs takes the lease, resets, and gives the lease back", async () => {
  const order: string[] = [];
  await resetBetweenRuns({
    lease: async () => {
      order.push("lease");
      return { [Symbol.asyncDispose]: async () => void order.push("given back") };
    },
    reset: async () => {
      order.push("reset");
      return undefined as never;
    },
  });
  expect(order).toEqual(["lease", "reset", "given back"]);
});

test.for(["lease", "reset"])("a reset between two runs never rejects: %s", async (failing) => {
  const printed = vi.spyOn(console, "error").mockImplementation(() => {});
  let givenBack = false;
  const attempt = async (name: string): Promise<void> => {
    if (name === failing) throw new RedisClusterError("ENGINE_FAILED", "the engine is away");
  };
  await resetBetweenRuns({
    lease: async () => {
      await attempt("lease");
      return { [Symbol.asyncDispose]: async () => void (givenBack = true) };
    },
    reset: async () => (await attempt("reset")) as never,
  });
  expect(printed.mock.calls.flat().join("\n")).toMatch(/was not reset before this run: the engine is away/);
  expect(givenBack).toBe(failing === "reset");
});
