import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { createServerClock } from "./server-clock.ts";
import { type NodeLogLine, watchLog } from "./watch-logs.ts";

/** Returns a log line in the format of the server, written at a time of `Date.now()` in a time zone. */
function lineAt(atMs: number, text: string, zoneHours = 0): string {
  const [, day, month, year, time] =
    /(\d+) (\w+) (\d+) ([\d:]+)/.exec(new Date(atMs + zoneHours * 3_600_000).toUTCString()) ?? [];
  return `1:M ${day} ${month} ${year} ${time}.${String(atMs % 1_000).padStart(3, "0")} * ${text}\n`;
}

function watch(open: () => Promise<PassThrough>, signal: AbortSignal, sinceMs: number) {
  const lines: NodeLogLine[] = [];
  const ended = watchLog({
    node: "node-1",
    open,
    openTimeoutMs: 5_000,
    clock: createServerClock(0),
    sinceMs,
    onLine: (line) => lines.push(line),
    signal,
  });
  return { lines, ended };
}

async function nextTurn(): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, 5);
  });
}

test("lines in chunks and in any time zone are converted, and earlier ones ignored", async () => {
  const stop = new AbortController();
  const stream = new PassThrough();
  const now = Date.now();
  const { lines, ended } = watch(() => Promise.resolve(stream), stop.signal, now);
  const line = lineAt(now + 3, "Cluster state changed: fail", 9);
  stream.write(lineAt(now - 1, "Cluster state changed: ok", 9));
  stream.write(line.slice(0, 20));
  stream.write(`${line.slice(20)}something else\n`);
  await nextTurn();
  expect(lines).toMatchObject([{ node: "node-1", atMs: now + 3, text: "Cluster state changed: fail" }]);
  stop.abort();
  await ended;
  expect(stream.destroyed).toBe(true);
});

test("watching ends without an error if the log ends, fails or cannot be opened", async () => {
  const { signal } = new AbortController();
  const ending = new PassThrough();
  const failing = new PassThrough();
  const watches = [
    watch(() => Promise.resolve(ending), signal, 0),
    watch(() => Promise.resolve(failing), signal, 0),
    watch(() => Promise.reject(new Error("no such container")), signal, 0),
  ];
  await nextTurn();
  ending.end();
  failing.destroy(new Error("the engine is unreachable"));
  await Promise.all(watches.map(({ ended }) => ended));
  expect([ending.destroyed, failing.destroyed]).toEqual([true, true]);
});

test("a stream that is opened after the end is closed", async () => {
  const { promise, resolve } = Promise.withResolvers<PassThrough>();
  const stop = new AbortController();
  const { ended } = watch(() => promise, stop.signal, 0);
  stop.abort();
  await ended;
  const late = new PassThrough();
  resolve(late);
  await nextTurn();
  expect(late.destroyed).toBe(true);
});
