import { expect, test } from "vitest";
import { abortable } from "../timing/deadline.ts";
import { OngoingCalls } from "./ongoing-calls.ts";

function hanging(ended: AbortSignal): Promise<never> {
  return abortable(new Promise<never>(() => {}), ended);
}

test("end ends every ongoing call with its reason and waits until they have settled", async () => {
  const calls = new OngoingCalls();
  const order: string[] = [];
  const slow = calls.run(async (ended) => {
    await hanging(ended).catch(() => {});
    await Promise.resolve();
    order.push("settled");
  });
  const rejected = calls.run(hanging).catch((error: unknown) => error);
  await calls.end(new Error("the test has ended"));
  order.push("ended");
  await slow;
  expect(await rejected).toMatchObject({ message: "the test has ended" });
  expect(order).toEqual(["settled", "ended"]);
});

test("end affects neither calls that have settled nor later ones", async () => {
  const calls = new OngoingCalls();
  expect(await calls.run(() => Promise.resolve("done"))).toBe("done");
  await expect(calls.run(() => Promise.reject(new Error("failed")))).rejects.toThrow("failed");
  await calls.end(new Error("the test has ended"));
  expect(await calls.run((ended) => Promise.resolve(ended.aborted))).toBe(false);
});
