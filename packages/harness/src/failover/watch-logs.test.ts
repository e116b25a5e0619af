import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { serverClock } from "./server-clock.ts";
import { type NodeLogLine, watchLog } from "./watch-logs.ts";

/** A line in the server's format, written at a moment of `Date.now()` in a zone. */
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
    openLimitMs: 5_000,
    clock: serverClock(0),
    sinceMs,
    onLine: (line) => lines.push(line),
    signal,
  });
  return { lines, ended };
}

async function turn(): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, 5);
  });
}

test("lines have their moments, in whatever pieces and zone they come; earlier ones are passed over", async () => {
  const stop = new AbortController();
  const stream = new PassThrough();
  const now = Date.now();
  const { lines, ended } = watch(() => Promise.resolve(stream), stop.signal, now);
  const whole = lineAt(now + 3, "Cluster state changed: fail", 9);
  stream.write(lineAt(now - 1, "Cluster state changed: ok", 9));
  stream.write(whole.slice(0, 20));
  stream.write(`${whole.slice(20)}something else\n`);
  await turn();
  expect(lines).toMatchObject([{ node: "node-1", atMs: now + 3, text: "Cluster state changed: fail" }]);
  stop.abort();
  await ended;
  expect(stream.destroyed).toBe(true);
});

test("a log that ends, fails or cannot be opened only ends the watching", async () => {
  const { signal } = new AbortController();
  const ending = new PassThrough();
  const failing = new PassThrough();
  const all = [
    watch(() => Promise.resolve(ending), signal, 0),
    watch(() => Promise.resolve(failing), signal, 0),
    watch(() => Promise.reject(new Error("no such container")), signal, 0),
  ];
  await turn();
  ending.end();
  failing.destroy(new Error("the engine is away"));
  await Promise.all(all.map(({ ended }) => ended));
  expect([ending.destroyed, failing.destroyed]).toEqual([true, true]);
});

test("a stream that comes after the end is closed", async () => {
  const { promise, resolve } = Promise.withResolvers<PassThrough>();
  const stop = new AbortController();
  const { ended } = watch(() => promise, stop.signal, 0);
  stop.abort();
  await ended;
  const late = new PassThrough();
  resolve(late);
  await turn();
  expect(late.destroyed).toBe(true);
});
