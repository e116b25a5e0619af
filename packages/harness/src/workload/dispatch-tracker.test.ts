import type { Redis } from "ioredis";
import { expect, test } from "vitest";
import { DispatchTracker } from "./dispatch-tracker.ts";

type Command = Parameters<Redis["sendCommand"]>[0];
const command = (...args: readonly string[]): Command => ({ name: "incr", args }) as unknown as Command;

test("a command is recognized by its key, and counts for the connection that it was sent on last", () => {
  const watch = new DispatchTracker();
  const dispatch = watch.expect("k");
  const sent = command("k");
  watch.sent(command("other"), 9);
  expect(dispatch.source).toBe(0);
  watch.sent(sent, 1);
  watch.sent(sent, 2);
  expect(dispatch.source).toBe(2);
});

test("a command that was given up and is sent again does not count for the next one", () => {
  const watch = new DispatchTracker();
  const old = watch.expect("k");
  const first = command("k");
  watch.sent(first, 1);
  watch.settle("k", old, false);
  const next = watch.expect("k");
  watch.sent(command("k"), 2);
  watch.sent(first, 3);
  expect(next.source).toBe(2);
});

test("two commands that cannot be told apart count for no connection", () => {
  const watch = new DispatchTracker();
  const next = watch.expect("k");
  const neverSentBefore = command("k");
  const own = command("k");
  watch.sent(neverSentBefore, 1);
  watch.sent(own, 2);
  watch.sent(own, 3);
  watch.sent(neverSentBefore, 1);
  expect(next.source).toBe(0);
});

test("a command that is no longer under way is not recorded, and neither is one of somebody else", () => {
  const watch = new DispatchTracker();
  const dispatch = watch.expect("k");
  watch.settle("k", dispatch, true);
  watch.sent(command("k"), 1);
  watch.sent(command(), 1);
  expect(dispatch.source).toBe(0);
});
