import { expect, test } from "vitest";
import { monotonicMs, nextTurn, pause } from "../clock/real-time.ts";
import { RedisClusterError } from "../errors.ts";
import { NotYet, poll } from "./retry.ts";

test("a yes is given at once", async () => {
  const { signal } = new AbortController();
  expect(await poll(() => "yes", { everyMs: 10, signal })).toBe("yes");
  expect(await poll(() => Promise.resolve(false), { everyMs: 10, signal })).toBe(false);
});

test("it is asked again at the given pace until the answer is yes, many times if need be", async () => {
  const { signal } = new AbortController();
  const asked: number[] = [];
  const waiting = poll(
    () => {
      asked.push(monotonicMs());
      if (asked.length < 40) throw new Error("not yet");
      return "at last";
    },
    { everyMs: 5, signal },
  );
  expect(await waiting).toBe("at last");
  expect(asked).toHaveLength(40);
  const gaps = asked.slice(1).map((at, index) => at - (asked[index] ?? 0));
  // Node rounds a timer's begin to whole milliseconds.
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(4);
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
      if (asked === 3) void nextTurn().then(() => controller.abort(new Error("out of time")));
      throw asked < 3 ? new Error("an older reason") : reason;
    },
    { everyMs: 1, signal: controller.signal },
  );
  expect(await waiting.catch((error: unknown) => error)).toBe(reason);
  const askedInTime = asked;
  await pause(10);
  expect(asked).toBe(askedInTime);
});

test("time that is up ends the pause between two questions at once", async () => {
  const controller = new AbortController();
  let asked = 0;
  const waiting = poll(
    () => {
      asked += 1;
      throw new Error("no");
    },
    // Longer than this test may take.
    { everyMs: 60_000, signal: controller.signal },
  );
  let settled = false;
  const caught = waiting.catch((error: unknown) => error).finally(() => (settled = true));
  await pause(5);
  expect([asked, settled]).toEqual([1, false]);
  controller.abort();
  expect(await caught).toMatchObject({ message: "no" });
});

test("a question that never gets an answer does not outlive the signal", async () => {
  const controller = new AbortController();
  const waiting = poll(() => new Promise(() => {}), { everyMs: 10, signal: controller.signal });
  await nextTurn();
  controller.abort(new Error("out of time"));
  await expect(waiting).rejects.toThrow("out of time");
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
  expect(await waiting.catch((error: unknown) => error)).toBe(answer);
  expect(asked).toBe(2);
});

test("NotYet carries the reason's message and the reason", () => {
  const reason = new RangeError("too far");
  expect(new NotYet(reason)).toMatchObject({ name: "NotYet", message: "too far", cause: reason });
  expect(new NotYet("later")).toMatchObject({ message: "later", cause: "later" });
});
