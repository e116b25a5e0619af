import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { RedisClusterError } from "../errors.ts";
import { NotYet, poll } from "./poll.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  const left = vi.getTimerCount();
  vi.useRealTimers();
  expect(left).toBe(0);
});

/** What became of a promise, without waiting for it. */
function outcomeOf(promise: Promise<unknown>): { readonly settled: () => string } {
  let settled = "pending";
  promise.then(
    (value) => {
      settled = `resolved: ${String(value)}`;
    },
    (error: unknown) => {
      settled = `rejected: ${error instanceof Error ? error.message : String(error)}`;
    },
  );
  return { settled: () => settled };
}

test("a yes is given at once", async () => {
  const { signal } = new AbortController();
  expect(await poll(() => "yes", { everyMs: 10, signal })).toBe("yes");
  expect(await poll(() => Promise.resolve(false), { everyMs: 10, signal })).toBe(false);
});

test("it is asked again at the given pace until the answer is yes, many times if need be", async () => {
  const { signal } = new AbortController();
  const asked: number[] = [];
  const begun = Date.now();
  const waiting = poll(
    () => {
      asked.push(Date.now() - begun);
      if (asked.length < 40) throw new Error("not yet");
      return "at last";
    },
    { everyMs: 10, signal },
  );
  await vi.advanceTimersByTimeAsync(1000);
  expect(await waiting).toBe("at last");
  expect(asked).toEqual(Array.from({ length: 40 }, (_, index) => index * 10));
});

test.each([
  ["a TypeError", new TypeError("cannot read it")],
  ["what is no error", "a plain string"],
  ["NotYet", new NotYet("later")],
])("%s means not yet as well", async (_, reason) => {
  const { signal } = new AbortController();
  let asked = 0;
  const waiting = poll(
    async () => {
      asked += 1;
      await Promise.resolve();
      if (asked < 3) throw reason;
      return asked;
    },
    { everyMs: 10, signal },
  );
  await vi.advanceTimersByTimeAsync(20);
  expect(await waiting).toBe(3);
});

test.each([
  ["an Error", new Error("slot 7 is not covered")],
  ["a TypeError", new TypeError("slot 7 is not covered")],
  ["a string", "slot 7 is not covered"],
])("when time is up, the last reason is told, and told as it was: %s", async (_, reason) => {
  const controller = new AbortController();
  let asked = 0;
  const waiting = poll(
    () => {
      asked += 1;
      throw asked < 3 ? new Error("an older reason") : reason;
    },
    { everyMs: 10, signal: controller.signal },
  );
  const caught = waiting.catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(25);
  controller.abort(new Error("out of time"));
  expect(await caught).toBe(reason);
  expect(asked).toBe(3);
});

test("time that is up ends the pause between two questions at once", async () => {
  const controller = new AbortController();
  const waiting = outcomeOf(
    poll(() => Promise.reject(new Error("no")), { everyMs: 60_000, signal: controller.signal }),
  );
  await vi.advanceTimersByTimeAsync(1);
  expect(waiting.settled()).toBe("pending");
  controller.abort();
  await vi.advanceTimersByTimeAsync(0);
  expect(waiting.settled()).toBe("rejected: no");
});

test("a question that never gets an answer does not outlive the signal", async () => {
  const controller = new AbortController();
  const waiting = outcomeOf(poll(() => new Promise(() => {}), { everyMs: 10, signal: controller.signal }));
  await vi.advanceTimersByTimeAsync(50);
  controller.abort(new Error("out of time"));
  await vi.advanceTimersByTimeAsync(50);
  expect(waiting.settled()).toBe("rejected: out of time");
});

test("with a signal that is aborted already nothing is asked", async () => {
  let asked = 0;
  const signal = AbortSignal.abort(new Error("too late"));
  const waiting = poll(
    () => {
      asked += 1;
    },
    { everyMs: 10, signal },
  );
  await expect(waiting).rejects.toThrow("too late");
  expect(asked).toBe(0);
});

test("an error of this library is an answer and ends the wait", async () => {
  const { signal } = new AbortController();
  const answer = new RedisClusterError("NODE_EXITED", "node-1 exited with code 1");
  let asked = 0;
  const waiting = poll(
    () => {
      asked += 1;
      throw asked < 2 ? new Error("not yet") : answer;
    },
    { everyMs: 10, signal },
  );
  const caught = waiting.catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(100);
  expect(await caught).toBe(answer);
  expect(asked).toBe(2);
});

test("NotYet carries the reason's message and the reason", () => {
  const reason = new RangeError("too far");
  expect(new NotYet(reason)).toMatchObject({ name: "NotYet", message: "too far", cause: reason });
  expect(new NotYet("later")).toMatchObject({ message: "later", cause: "later" });
});
