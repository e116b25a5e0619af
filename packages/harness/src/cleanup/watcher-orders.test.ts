import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { thisOwner } from "./this-owner.ts";
import { DISMISSED, readOrders, type WatcherOrders } from "./watcher-orders.ts";

const ORDERS: WatcherOrders = {
  owner: await thisOwner(),
  engine: { kind: "http", address: { protocol: "http", socketPath: "/var/run/docker.sock" } },
};
const LINE = `${JSON.stringify(ORDERS)}\n`;

test("an input that ends leaves the orders to be carried out, in however many pieces they came", async () => {
  const input = new PassThrough();
  const reading = readOrders(input);
  input.write(LINE.slice(0, 10));
  input.write(LINE.slice(10));
  input.end();
  expect(await reading).toEqual(ORDERS);
});

test("an input that breaks off is an end, too", async () => {
  const input = new PassThrough();
  const reading = readOrders(input);
  input.write(LINE);
  await expect.poll(() => input.readableLength).toBe(0);
  input.destroy(new Error("ECONNRESET"));
  expect(await reading).toEqual(ORDERS);
});

test("a watcher that is dismissed has nothing to do, and does not wait for the end of its input", async () => {
  const input = new PassThrough();
  const reading = readOrders(input);
  input.write(LINE);
  input.write(DISMISSED);
  expect(await reading).toBeUndefined();
});

test("an owner that dies before its orders are whole has made nothing yet", async () => {
  const input = new PassThrough();
  const reading = readOrders(input);
  input.end(LINE.trim());
  expect(await reading).toBeUndefined();
});
