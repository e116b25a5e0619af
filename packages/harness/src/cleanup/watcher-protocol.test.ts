import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { currentOwner } from "./current-owner.ts";
import { DISMISSED, readTask, type WatcherTask } from "./watcher-protocol.ts";

const TASK: WatcherTask = {
  owner: await currentOwner(),
  engine: { kind: "http", address: { protocol: "http", socketPath: "/var/run/docker.sock" } },
};
const LINE = `${JSON.stringify(TASK)}\n`;

test("returns the task when the input ends, also if it arrived in several pieces", async () => {
  const input = new PassThrough();
  const reading = readTask(input);
  input.write(LINE.slice(0, 10));
  input.write(LINE.slice(10));
  input.end();
  expect(await reading).toEqual(TASK);
});

test("returns the task if the input fails", async () => {
  const input = new PassThrough();
  const reading = readTask(input);
  input.write(LINE);
  await expect.poll(() => input.readableLength).toBe(0);
  input.destroy(new Error("ECONNRESET"));
  expect(await reading).toEqual(TASK);
});

test("returns no task if the watcher is dismissed, before the input ends", async () => {
  const input = new PassThrough();
  const reading = readTask(input);
  input.write(LINE);
  input.write(DISMISSED);
  expect(await reading).toBeUndefined();
});

test("returns no task if the input ends before the line is complete", async () => {
  const input = new PassThrough();
  const reading = readTask(input);
  input.end(LINE.trim());
  expect(await reading).toBeUndefined();
});
