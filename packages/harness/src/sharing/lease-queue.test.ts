import { expect, test } from "vitest";
import { LeaseQueue } from "./lease-queue.ts";

const NEVER = new AbortController().signal;

test("the lease goes round in the order in which it was asked for", async () => {
  const queue = new LeaseQueue();
  const order: number[] = [];
  const release = await queue.acquire(NEVER);
  const others = [1, 2, 3].map(async (name) => {
    const own = await queue.acquire(NEVER);
    order.push(name);
    own();
  });
  expect(order).toEqual([]);
  release();
  await Promise.all(others);
  expect(order).toEqual([1, 2, 3]);
});

test("who stops waiting is passed over, and who releases twice releases once", async () => {
  const queue = new LeaseQueue();
  const first = await queue.acquire(NEVER);
  const impatient = new AbortController();
  const given = queue.acquire(impatient.signal);
  const last = queue.acquire(NEVER);
  impatient.abort(new Error("too long"));
  await expect(given).rejects.toThrow("too long");
  first();
  first();
  const release = await last;
  let free = false;
  const next = queue.acquire(NEVER).then(() => {
    free = true;
  });
  await Promise.resolve();
  expect(free).toBe(false);
  release();
  await next;
});
