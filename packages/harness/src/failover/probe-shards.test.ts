import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { probeShards } from "./probe-shards.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  const left = vi.getTimerCount();
  vi.useRealTimers();
  expect(left).toBe(0);
});

test("writes that hang are given up and do not keep later ones from being begun", async () => {
  const stop = new AbortController();
  const begun = Date.now();
  const written: number[] = [];
  let writes = 0;
  let frozen = true;
  const aborted: boolean[] = [];
  const probing = probeShards(
    [{ slot: 7, troubled: () => true, onWritten: (atMs) => written.push(atMs - begun) }],
    async (_, signal) => {
      writes += 1;
      signal.addEventListener("abort", () => aborted.push(true));
      if (frozen) await new Promise<never>(() => {});
    },
    stop.signal,
  );
  await vi.advanceTimersByTimeAsync(200);
  expect(writes).toBe(6);
  expect(aborted).toEqual([]);
  frozen = false;
  await vi.advanceTimersByTimeAsync(70);
  expect(aborted).not.toEqual([]);
  expect(written[0]).toBeLessThanOrEqual(270);
  stop.abort();
  await probing;
});

test("every shard is written to about every 10 ms until the end, refused or not", async () => {
  const stop = new AbortController();
  const counts = new Map<number, number>();
  const probing = probeShards(
    [1, 2].map((slot) => ({ slot, troubled: () => false, onWritten: () => {} })),
    (slot) => {
      counts.set(slot, (counts.get(slot) ?? 0) + 1);
      return Promise.reject(new Error("CLUSTERDOWN"));
    },
    stop.signal,
  );
  await vi.advanceTimersByTimeAsync(995);
  stop.abort();
  await probing;
  expect([...counts]).toEqual([
    [1, 100],
    [2, 100],
  ]);
});
