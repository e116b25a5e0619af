import type { Redis } from "ioredis";
import { expect, test } from "vitest";
import { DispatchTracker } from "./dispatch-tracker.ts";

type Command = Parameters<Redis["sendCommand"]>[0];
const command = (...args: readonly string[]): Command => ({ name: "incr", args }) as unknown as Command;

test("records the connection on which a command was sent last", () => {
  const tracker = new DispatchTracker();
  const dispatch = tracker.expect("k");
  const sent = command("k");
  tracker.sent(command("other"), 9);
  expect(dispatch.source).toBe(0);
  tracker.sent(sent, 1);
  tracker.sent(sent, 2);
  expect(dispatch.source).toBe(2);
});

test("ignores a command that timed out and is sent again", () => {
  const tracker = new DispatchTracker();
  const old = tracker.expect("k");
  const first = command("k");
  tracker.sent(first, 1);
  tracker.settle("k", old, false);
  const next = tracker.expect("k");
  tracker.sent(command("k"), 2);
  tracker.sent(first, 3);
  expect(next.source).toBe(2);
});

test("records no connection if two commands have the same key", () => {
  const tracker = new DispatchTracker();
  const next = tracker.expect("k");
  const timedOut = command("k");
  const own = command("k");
  tracker.sent(timedOut, 1);
  tracker.sent(own, 2);
  tracker.sent(own, 3);
  tracker.sent(timedOut, 1);
  expect(next.source).toBe(0);
});

test("ignores commands that are not expected", () => {
  const tracker = new DispatchTracker();
  const dispatch = tracker.expect("k");
  tracker.settle("k", dispatch, true);
  tracker.sent(command("k"), 1);
  tracker.sent(command(), 1);
  expect(dispatch.source).toBe(0);
});
