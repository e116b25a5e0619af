import { afterEach, expect, test, vi } from "vitest";
import type { TestProject } from "vitest/node";
import { RedisClusterError } from "../errors.ts";
import { redisClusterGlobalSetup, resetBetweenRuns } from "./global-setup.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

test("reports all invalid arguments in one error", () => {
  expect(() => redisClusterGlobalSetup([] as never, "" as never)).toThrow(
    expect.objectContaining({
      code: "INVALID_ARGUMENT",
      message: expect.stringMatching(/options: expected an object.*key: expected a name/),
    }),
  );
  expect(() => redisClusterGlobalSetup({}, 7 as never)).toThrow("key: expected");
});

test("rejects a second cluster under the same key of a project", async () => {
  // The options are invalid, so that no cluster is started.
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
  // A set-up that failed releases its key.
  await expect(redisClusterGlobalSetup({ nodes: 1 })(project)).rejects.toMatchObject({
    code: "INVALID_OPTIONS",
  });
});

test("acquires the lease for a reset between two runs, and releases it", async () => {
  const order: string[] = [];
  await resetBetweenRuns({
    lease: async () => {
      order.push("lease");
      return { [Symbol.asyncDispose]: async () => void order.push("released") };
    },
    reset: async () => {
      order.push("reset");
      return undefined as never;
    },
  });
  expect(order).toEqual(["lease", "reset", "released"]);
});

test.for(["lease", "reset"])(
  "never rejects a reset between two runs if this call fails: %s",
  async (failing) => {
    const printed = vi.spyOn(console, "error").mockImplementation(() => {});
    let isReleased = false;
    const attempt = async (name: string): Promise<void> => {
      if (name === failing) throw new RedisClusterError("ENGINE_FAILED", "the engine is away");
    };
    await resetBetweenRuns({
      lease: async () => {
        await attempt("lease");
        return { [Symbol.asyncDispose]: async () => void (isReleased = true) };
      },
      reset: async () => (await attempt("reset")) as never,
    });
    expect(printed.mock.calls.flat().join("\n")).toMatch(/was not reset before this run: the engine is away/);
    expect(isReleased).toBe(failing === "reset");
  },
);
