import { expect, test } from "vitest";
import { isCutOff, countReachablePrimaries, findDownReason } from "./cluster-state.ts";
import type { AnsweredView } from "./node-view.ts";
import { parseClusterNodes } from "./parse-cluster-nodes.ts";

const SLOTS = ["0-5460", "5461-10922", "10923-16383"];

/**
 * Returns the view of the first of three primaries.
 *
 * @param flags additional flags of each primary, each with a leading comma.
 * @param slots the slots of each primary.
 */
function seen(flags: readonly string[], slots: readonly string[] = SLOTS): AnsweredView {
  const lines = flags.map(
    (flag, index) =>
      `${String(index).repeat(40)} 10.0.0.${index + 2}:6379@16379 ${index === 0 ? "myself," : ""}master${flag} - 0 0 ${index + 1} connected ${slots[index]}`,
  );
  return {
    kind: "answered",
    node: "node-0",
    state: "fail",
    currentEpoch: 3,
    members: parseClusterNodes(lines.join("\n")),
    inSync: true,
  };
}

test("a healthy view has no reason for a cluster_state of fail", () => {
  expect(findDownReason(seen(["", "", ""]), true)).toBeUndefined();
  // A node that is only suspected (`fail?`) still covers its slots.
  expect(findDownReason(seen(["", "", ",fail?"]), true)).toBeUndefined();
});

test("a minority is a reason with and without required coverage", () => {
  const view = seen(["", ",fail?", ",fail?"]);
  expect(countReachablePrimaries(view)).toEqual({ reached: 1, needed: 2 });
  expect(isCutOff(view)).toBe(true);
  for (const requireFullCoverage of [true, false])
    expect(findDownReason(view, requireFullCoverage)).toBe("it reaches 1 primary, and a majority is 2");
});

test("uncovered slots are a reason only if full coverage is required", () => {
  const failed = seen(["", "", ",fail"]);
  expect(isCutOff(failed)).toBe(false);
  expect(findDownReason(failed, true)).toBe("the slots 10923-16383 have no owner, or their owner failed");
  expect(findDownReason(failed, false)).toBeUndefined();
  expect(findDownReason(seen(["", "", ""], ["0-5460", "5461-10922", "10923-16000"]), true)).toBe(
    "the slots 16001-16383 have no owner, or their owner failed",
  );
});
