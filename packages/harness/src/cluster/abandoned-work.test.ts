import { expect, test } from "vitest";
import { AbandonedWork } from "./abandoned-work.ts";

test("waits until all work has settled, also if some of it fails", async () => {
  const abandoned = new AbandonedWork();
  await abandoned.settled();
  const first = Promise.withResolvers<void>();
  const second = Promise.withResolvers<void>();
  abandoned.add(first.promise);
  abandoned.add(second.promise);
  let isSettled = false;
  const waiting = abandoned.settled().then(() => {
    isSettled = true;
  });
  second.reject(new Error("the engine does not answer"));
  await new Promise(setImmediate);
  expect(isSettled).toBe(false);
  first.resolve();
  await waiting;
});
