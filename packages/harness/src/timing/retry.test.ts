import { describe, expect, test } from "vitest";
import { monotonicMs, nextTurn, pause } from "../clock/real-time.ts";
import { RedisClusterError } from "../errors.ts";
import { AttemptError, poll, retry, retryUntilAnswered } from "./retry.ts";

const NEVER = new AbortController().signal;

describe("poll", () => {
  test("returns the result of the first attempt if it succeeds", async () => {
    expect(await poll(() => "yes", { everyMs: 10, signal: NEVER })).toBe("yes");
    expect(await poll(() => Promise.resolve(false), { everyMs: 10, signal: NEVER })).toBe(false);
  });

  test("repeats failed attempts at the given interval until one succeeds", async () => {
    const attempts: number[] = [];
    const waiting = poll(
      () => {
        attempts.push(monotonicMs());
        if (attempts.length < 40) throw new Error("not yet");
        return "at last";
      },
      { everyMs: 5, signal: NEVER },
    );
    expect(await waiting).toBe("at last");
    expect(attempts).toHaveLength(40);
    const gaps = attempts.slice(1).map((at, index) => at - (attempts[index] ?? 0));
    // Node rounds the start time of a timer to whole milliseconds.
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(4);
  });

  test.each([
    ["a TypeError", new TypeError("cannot read it")],
    ["a value that is not an error", "a plain string"],
    ["an AttemptError", new AttemptError("later")],
  ])("retries if an attempt throws %s", async (_, error) => {
    let attempts = 0;
    const waiting = poll(
      async () => {
        attempts += 1;
        await Promise.resolve();
        if (attempts < 3) throw error;
        return attempts;
      },
      { everyMs: 10, signal: NEVER },
    );
    expect(await waiting).toBe(3);
  });

  test.each([
    ["an Error", new Error("slot 7 is not covered")],
    ["a TypeError", new TypeError("slot 7 is not covered")],
    ["a string", "slot 7 is not covered"],
  ])("throws the unchanged last error when the signal aborts: %s", async (_, lastError) => {
    const controller = new AbortController();
    let attempts = 0;
    const waiting = poll(
      () => {
        attempts += 1;
        if (attempts === 3) void nextTurn().then(() => controller.abort(new Error("out of time")));
        throw attempts < 3 ? new Error("an older error") : lastError;
      },
      { everyMs: 1, signal: controller.signal },
    );
    expect(await waiting.catch((error: unknown) => error)).toBe(lastError);
    const attemptsAtEnd = attempts;
    await pause(10);
    expect(attempts).toBe(attemptsAtEnd);
  });

  test("ends the pause between two attempts when the signal aborts", async () => {
    const controller = new AbortController();
    let attempts = 0;
    const waiting = poll(
      () => {
        attempts += 1;
        throw new Error("no");
      },
      // Longer than the timeout of this test.
      { everyMs: 60_000, signal: controller.signal },
    );
    let isSettled = false;
    const caught = waiting.catch((error: unknown) => error).finally(() => (isSettled = true));
    await pause(5);
    expect([attempts, isSettled]).toEqual([1, false]);
    controller.abort();
    expect(await caught).toMatchObject({ message: "no" });
  });

  test("does not wait for a pending attempt when the signal aborts", async () => {
    const controller = new AbortController();
    const waiting = poll(() => new Promise(() => {}), { everyMs: 10, signal: controller.signal });
    await nextTurn();
    controller.abort(new Error("out of time"));
    await expect(waiting).rejects.toThrow("out of time");
  });

  test("makes no attempt if the signal is already aborted", async () => {
    let attempts = 0;
    const signal = AbortSignal.abort(new Error("too late"));
    const waiting = poll(
      () => {
        attempts += 1;
      },
      { everyMs: 10, signal },
    );
    await expect(waiting).rejects.toThrow("too late");
    expect(attempts).toBe(0);
  });

  test("stops if an attempt throws an error of this library", async () => {
    const thrown = new RedisClusterError("NODE_EXITED", "node-1 exited with code 1");
    let attempts = 0;
    const waiting = poll(
      () => {
        attempts += 1;
        throw attempts < 2 ? new Error("not yet") : thrown;
      },
      { everyMs: 10, signal: NEVER },
    );
    expect(await waiting.catch((error: unknown) => error)).toBe(thrown);
    expect(attempts).toBe(2);
  });
});

test("AttemptError has the message of its cause", () => {
  const cause = new RangeError("too far");
  expect(new AttemptError(cause)).toMatchObject({ name: "AttemptError", message: "too far", cause });
  expect(new AttemptError("later")).toMatchObject({ message: "later", cause: "later" });
});

describe("retryUntilAnswered", () => {
  test("repeats a request until the node answers", async () => {
    let requests = 0;
    const send = (): Promise<string> => {
      requests += 1;
      return requests < 3
        ? Promise.reject(new Error("node-1 did not answer within 2000 ms"))
        : Promise.resolve("OK");
    };
    expect(await retryUntilAnswered(send, 1, NEVER)).toBe("OK");
    expect(requests).toBe(3);
  });

  test("throws an error reply at once", async () => {
    let requests = 0;
    const reply = Object.assign(new Error("NOPERM this user has no permissions"), { name: "ReplyError" });
    const send = (): Promise<string> => {
      requests += 1;
      return Promise.reject(reply);
    };
    await expect(retryUntilAnswered(send, 1, NEVER)).rejects.toBe(reply);
    expect(requests).toBe(1);
  });

  test("throws the error of the last request when the signal aborts", async () => {
    const controller = new AbortController();
    const send = (): Promise<string> => {
      controller.abort(new Error("out of time"));
      return Promise.reject(new Error("no answer"));
    };
    await expect(retryUntilAnswered(send, 1, controller.signal)).rejects.toThrow(/no answer|out of time/);
  });
});

describe("retry", () => {
  const everyMs = 1;
  const isTemporary = (error: unknown): boolean => String(error).includes("busy");

  test("calls a function again after temporary errors", async () => {
    let calls = 0;
    const attempt = async (): Promise<number> => {
      calls += 1;
      if (calls < 3) throw new Error("busy");
      return calls;
    };
    expect(await retry(attempt, { attempts: 3, everyMs, isTemporary })).toBe(3);
  });

  test.each([
    ["another error", "broken", 1],
    ["the last attempt", "busy", 4],
  ])("throws the error of %s", async (_, message, expected) => {
    let calls = 0;
    const attempt = async (): Promise<never> => {
      calls += 1;
      throw new Error(message);
    };
    await expect(retry(attempt, { attempts: 4, everyMs, isTemporary })).rejects.toThrow(message);
    expect(calls).toBe(expected);
  });

  test.each([
    ["a TypeError", new TypeError("busy")],
    ["a value that is not an error", "busy"],
  ])("retries after %s, and throws it as it is", async (_, thrown) => {
    let calls = 0;
    const attempt = async (): Promise<never> => {
      calls += 1;
      throw thrown;
    };
    await expect(retry(attempt, { attempts: 3, everyMs, isTemporary })).rejects.toBe(thrown);
    expect(calls).toBe(3);
  });

  test("ends the pause when the signal aborts", async () => {
    const signal = AbortSignal.abort(new Error("stopped"));
    const attempt = async (): Promise<never> => {
      throw new Error("busy");
    };
    await expect(retry(attempt, { attempts: 4, everyMs: 60_000, isTemporary, signal })).rejects.toThrow(
      "stopped",
    );
  });
});
