import { expect, test } from "vitest";
import { RedisClusterError } from "../errors.ts";
import { CLEANUP_ORDER, CleanupStack } from "./cleanup-stack.ts";

async function failureOf(stack: CleanupStack): Promise<RedisClusterError> {
  const error: unknown = await stack.run().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(RedisClusterError);
  return error as RedisClusterError;
}

/** Waits until all microtasks have run. */
function allMicrotasks(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

test("runs steps in the order of their stages, one after the other", async () => {
  const stack = new CleanupStack();
  const done: string[] = [];
  const slowly = (what: string) => async (): Promise<void> => {
    done.push(`${what} starts`);
    await Promise.resolve();
    done.push(`${what} ends`);
  };
  stack.add("network", "the network", slowly("network"));
  stack.add("containers", "the containers", slowly("containers"));
  stack.add("clients", "the client", () => done.push("client"));
  await stack.run();
  expect(done).toEqual(["client", "containers starts", "containers ends", "network starts", "network ends"]);
});

test("runs the stages in their order, whatever the order of add() was", async () => {
  const stack = new CleanupStack();
  const done: string[] = [];
  for (const stage of CLEANUP_ORDER.toSorted())
    stack.add(stage, `the step of ${stage}`, () => done.push(stage));
  await stack.run();
  expect(done).toEqual(CLEANUP_ORDER);
});

test("runs the newest step of a stage first", async () => {
  const stack = new CleanupStack();
  const done: string[] = [];
  stack.add("clients", "the client", () => done.push("client"));
  stack.add("connections", "the connection to node-0", () => done.push("node-0"));
  stack.add("connections", "the connection to node-1", () => done.push("node-1"));
  await stack.run();
  expect(done).toEqual(["client", "node-1", "node-0"]);
});

test("does not repeat steps that have succeeded", async () => {
  const stack = new CleanupStack();
  let runs = 0;
  stack.add("network", "the network", () => {
    runs += 1;
  });
  await stack.run();
  await stack.run();
  expect(runs).toBe(1);
});

test("a second call waits for the first and runs no step", async () => {
  const stack = new CleanupStack();
  const { promise, resolve } = Promise.withResolvers<void>();
  const events: string[] = [];
  stack.add("containers", "the containers", async () => {
    events.push("started");
    await promise;
    events.push("ended");
  });
  const calls = [stack.run(), stack.run()].map((call) => call.then(() => events.push("returned")));
  await allMicrotasks();
  expect(events).toEqual(["started"]);
  resolve();
  await Promise.all(calls);
  expect(events).toEqual(["started", "ended", "returned", "returned"]);
});

test("runs all steps even if some throw or reject", async () => {
  const stack = new CleanupStack();
  const done: string[] = [];
  stack.add("network", "the network", () => done.push("network"));
  stack.add("containers", "the containers", () => Promise.reject(new Error("the engine is away")));
  stack.add("connections", "the connection", () => {
    throw new Error("already closed");
  });
  stack.add("clients", "the client", () => done.push("client"));
  const error = await failureOf(stack);
  expect(done).toEqual(["client", "network"]);
  expect(error.code).toBe("CLEANUP_FAILED");
  expect(error.message).toBe(
    "Cleaning up did not work for: the connection (already closed); the containers (the engine is away).",
  );
});

test("the cause is the error of the step, or an AggregateError of several", async () => {
  const first = new Error("first");
  const second = new Error("second");
  const one = new CleanupStack();
  one.add("network", "the network", () => Promise.reject(first));
  expect((await failureOf(one)).cause).toBe(first);
  const two = new CleanupStack();
  two.add("network", "the network", () => Promise.reject(first));
  two.add("clients", "the client", () => Promise.reject(second));
  const { cause } = await failureOf(two);
  expect(cause).toBeInstanceOf(AggregateError);
  expect((cause as AggregateError).errors).toEqual([second, first]);
});

test("another run repeats only the steps that failed, in the same order", async () => {
  const stack = new CleanupStack();
  const tried: string[] = [];
  let isAway = true;
  const needsEngine = (what: string) => (): void => {
    tried.push(what);
    if (isAway) throw new Error("the engine is away");
  };
  stack.add("network", "the network", needsEngine("network"));
  stack.add("containers", "the log", () => tried.push("log"));
  stack.add("containers", "the containers", needsEngine("containers"));
  expect((await failureOf(stack)).message).toContain("the containers (the engine is away); the network");
  expect(tried).toEqual(["containers", "log", "network"]);
  isAway = false;
  await stack.run();
  expect(tried.slice(3)).toEqual(["containers", "network"]);
  await stack.run();
  expect(tried).toHaveLength(5);
});

test("runs a step that another step adds", async () => {
  const stack = new CleanupStack();
  const done: string[] = [];
  stack.add("containers", "the containers", () => {
    stack.add("containers", "a late container", () => done.push("late"));
    done.push("containers");
  });
  await stack.run();
  expect(done).toEqual(["containers", "late"]);
});

test("runs the actions of whenEmpty() once, when no step is left", async () => {
  const stack = new CleanupStack();
  const done: string[] = [];
  let isAway = true;
  stack.whenEmpty(() => done.push("whenEmpty"));
  stack.add("network", "the network", () => {
    if (isAway) throw new Error("the engine is away");
    done.push("network");
  });
  await failureOf(stack);
  expect(done).toEqual([]);
  isAway = false;
  await stack.run();
  await stack.run();
  expect(done).toEqual(["network", "whenEmpty"]);
});
