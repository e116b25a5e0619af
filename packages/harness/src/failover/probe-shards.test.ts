import { expect, test, vi } from "vitest";
import { monotonicMs, pause } from "../clock/real-time.ts";
import { probeShards } from "./probe-shards.ts";

/** Awaits a condition; the time limit is only there to end a test whose condition never comes true. */
async function until(condition: () => boolean): Promise<void> {
  await vi.waitFor(() => expect(condition()).toBe(true), { timeout: 4_000, interval: 5 });
}

test("writes that hang are given up and do not keep later ones from being begun", async () => {
  const stop = new AbortController();
  const written: number[] = [];
  const hanging = new Set<number>();
  let writes = 0;
  let frozen = true;
  let aborted = 0;
  const probing = probeShards(
    [{ slot: 7, troubled: () => true, onWritten: (atMs) => written.push(atMs) }],
    async (_, signal) => {
      writes += 1;
      const write = writes;
      signal.addEventListener("abort", () => {
        aborted += 1;
        hanging.delete(write);
      });
      if (!frozen) return;
      hanging.add(write);
      expect(hanging.size).toBeLessThanOrEqual(6);
      await new Promise<never>(() => {});
    },
    stop.signal,
  );
  // Six are begun beside each other although none of them has ended; the seventh only once one was given up.
  await until(() => writes > 6);
  expect(aborted).toBeGreaterThan(0);
  expect(written).toEqual([]);
  frozen = false;
  await until(() => written.length > 0);
  stop.abort();
  await probing;
});

test("every shard is written to about every 10 ms until the end, refused or not", async () => {
  const stop = new AbortController();
  const slots = [1, 2];
  const sent = new Map<number, number[]>(slots.map((slot) => [slot, []]));
  const gaps = (slot: number): readonly number[] => {
    const times = sent.get(slot) ?? [];
    return times.slice(1).map((at, index) => at - (times[index] ?? 0));
  };
  const probing = probeShards(
    slots.map((slot) => ({ slot, troubled: () => false, onWritten: () => {} })),
    (slot) => {
      sent.get(slot)?.push(monotonicMs());
      return Promise.reject(new Error("CLUSTERDOWN"));
    },
    stop.signal,
  );
  await until(() => slots.every((slot) => gaps(slot).length >= 30 && Math.min(...gaps(slot).slice(10)) < 20));
  stop.abort();
  await probing;
  const counts = slots.map((slot) => sent.get(slot)?.length);
  for (const slot of slots) expect(Math.min(...gaps(slot))).toBeGreaterThanOrEqual(8);
  await pause(40);
  expect(slots.map((slot) => sent.get(slot)?.length)).toEqual(counts);
});
