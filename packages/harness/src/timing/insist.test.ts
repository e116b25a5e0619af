import { expect, test } from "vitest";
import { retryUntilAnswered } from "./retry.ts";

const NEVER = new AbortController().signal;

function errorReply(message: string): Error {
  return Object.assign(new Error(message), { name: "ReplyError" });
}

test("a request that got no answer is repeated until it gets one", async () => {
  let asked = 0;
  const ask = (): Promise<string> => {
    asked += 1;
    return asked < 3
      ? Promise.reject(new Error("node-1 did not answer within 2000 ms"))
      : Promise.resolve("OK");
  };
  expect(await retryUntilAnswered(ask, 1, NEVER)).toBe("OK");
  expect(asked).toBe(3);
});

test("an error reply is an answer and is thrown at once", async () => {
  let asked = 0;
  const refused = errorReply("NOPERM this user has no permissions");
  const ask = (): Promise<string> => {
    asked += 1;
    return Promise.reject(refused);
  };
  await expect(retryUntilAnswered(ask, 1, NEVER)).rejects.toBe(refused);
  expect(asked).toBe(1);
});

test("the last reason is thrown when the signal is aborted", async () => {
  const controller = new AbortController();
  const silent = new Error("no answer");
  const ask = (): Promise<string> => {
    controller.abort(new Error("out of time"));
    return Promise.reject(silent);
  };
  await expect(retryUntilAnswered(ask, 1, controller.signal)).rejects.toThrow(/no answer|out of time/);
});
