import { expect, test } from "vitest";
import { LeaseQueue } from "./lease-queue.ts";

const NEVER = new AbortController().signal;

test("grants the lease in the order of the calls", async () => {
  const queue = new LeaseQueue();
  const order: number[] = [];
  const release = await queue.acquire(NEVER);
  const others = [1, 2, 3].map(async (name) => {
    const releaseOwn = await queue.acquire(NEVER);
    order.push(name);
    releaseOwn();
  });
  expect(order).toEqual([]);
  release();
  await Promise.all(others);
  expect(order).toEqual([1, 2, 3]);
});

test("skips an aborted caller, and ignores the second release of a lease", async () => {
  const queue = new LeaseQueue();
  const first = await queue.acquire(NEVER);
  const controller = new AbortController();
  const aborted = queue.acquire(controller.signal);
  const last = queue.acquire(NEVER);
  controller.abort(new Error("too long"));
  await expect(aborted).rejects.toThrow("too long");
  first();
  first();
  const release = await last;
  let isFree = false;
  const next = queue.acquire(NEVER).then(() => {
    isFree = true;
  });
  await Promise.resolve();
  expect(isFree).toBe(false);
  release();
  await next;
});
