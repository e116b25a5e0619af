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

/** Everything that can happen by itself has happened after this. */
function allMicrotasks(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

test("steps run in the order of their stages, one after the other", async () => {
  const stack = new CleanupStack();
  const done: string[] = [];
  const slowly = (what: string) => async (): Promise<void> => {
    done.push(`${what} begins`);
    await Promise.resolve();
    done.push(`${what} ends`);
  };
  stack.add("network", "the network", slowly("network"));
  stack.add("containers", "the containers", slowly("containers"));
  stack.add("clients", "the client", () => done.push("client"));
  await stack.run();
  expect(done).toEqual(["client", "containers begins", "containers ends", "network begins", "network ends"]);
});

test("the order of the stages does not depend on the order in which steps are added", async () => {
  const stack = new CleanupStack();
  const done: string[] = [];
  for (const stage of CLEANUP_ORDER.toSorted())
    stack.add(stage, `the step of ${stage}`, () => done.push(stage));
  await stack.run();
  expect(done).toEqual(CLEANUP_ORDER);
});

test("within a stage, the newest step runs first", async () => {
  const stack = new CleanupStack();
  const done: string[] = [];
  stack.add("clients", "the client", () => done.push("client"));
  stack.add("connections", "the connection to node-0", () => done.push("node-0"));
  stack.add("connections", "the connection to node-1", () => done.push("node-1"));
  await stack.run();
  expect(done).toEqual(["client", "node-1", "node-0"]);
});

test("nothing is undone twice", async () => {
  const stack = new CleanupStack();
  let undone = 0;
  stack.add("network", "the network", () => {
    undone += 1;
  });
  await stack.run();
  await stack.run();
  expect(undone).toBe(1);
});

test("a second call waits for the first and undoes nothing itself", async () => {
  const stack = new CleanupStack();
  const { promise, resolve } = Promise.withResolvers<void>();
  const events: string[] = [];
  stack.add("containers", "the containers", async () => {
    events.push("begun");
    await promise;
    events.push("ended");
  });
  const calls = [stack.run(), stack.run()].map((call) => call.then(() => events.push("returned")));
  await allMicrotasks();
  expect(events).toEqual(["begun"]);
  resolve();
  await Promise.all(calls);
  expect(events).toEqual(["begun", "ended", "returned", "returned"]);
});

test("a step that fails, at once or later, does not keep the others from being undone", async () => {
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

test("a single failure is the error's cause, and of several all are", async () => {
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

test("another run tries what failed, in the same order, and nothing else", async () => {
  const stack = new CleanupStack();
  const tried: string[] = [];
  let away = true;
  const needsEngine = (what: string) => (): void => {
    tried.push(what);
    if (away) throw new Error("the engine is away");
  };
  stack.add("network", "the network", needsEngine("network"));
  stack.add("containers", "the log", () => tried.push("log"));
  stack.add("containers", "the containers", needsEngine("containers"));
  expect((await failureOf(stack)).message).toContain("the containers (the engine is away); the network");
  expect(tried).toEqual(["containers", "log", "network"]);
  away = false;
  await stack.run();
  expect(tried.slice(3)).toEqual(["containers", "network"]);
  await stack.run();
  expect(tried).toHaveLength(5);
});

test("what is added while it runs is undone too", async () => {
  const stack = new CleanupStack();
  const done: string[] = [];
  stack.add("containers", "the containers", () => {
    stack.add("containers", "a late container", () => done.push("late"));
    done.push("containers");
  });
  await stack.run();
  expect(done).toEqual(["containers", "late"]);
});

test("what waits for the end happens once, and only when nothing is left", async () => {
  const stack = new CleanupStack();
  const done: string[] = [];
  let away = true;
  stack.whenEmpty(() => done.push("the watcher may go"));
  stack.add("network", "the network", () => {
    if (away) throw new Error("the engine is away");
    done.push("network");
  });
  await failureOf(stack);
  expect(done).toEqual([]);
  away = false;
  await stack.run();
  await stack.run();
  expect(done).toEqual(["network", "the watcher may go"]);
});
