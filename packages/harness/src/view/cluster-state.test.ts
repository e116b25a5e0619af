import { expect, test } from "vitest";
import { isCutOff, countReachablePrimaries, findDownReason } from "./cluster-state.ts";
import type { AnsweredView } from "./node-view.ts";
import { parseClusterNodes } from "./parse-cluster-nodes.ts";

const SLOTS = ["0-5460", "5461-10922", "10923-16383"];

/** The view of the first of three primaries: each entry has the flags and the slots of one of them. */
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

test("a view in which nothing is wrong has no reason for a cluster_state of fail", () => {
  expect(findDownReason(seen(["", "", ""]), true)).toBeUndefined();
  // A suspicion alone does not uncover slots.
  expect(findDownReason(seen(["", "", ",fail?"]), true)).toBeUndefined();
});

test("a minority is a reason, whatever the coverage", () => {
  const view = seen(["", ",fail?", ",fail?"]);
  expect(countReachablePrimaries(view)).toEqual({ reached: 1, needed: 2 });
  expect(isCutOff(view)).toBe(true);
  for (const coverage of [true, false])
    expect(findDownReason(view, coverage)).toBe("it reaches 1 primaries, and a majority is 2");
});

test("slots of a dead primary, and slots without one, are reasons only with full coverage", () => {
  const dead = seen(["", "", ",fail"]);
  expect(isCutOff(dead)).toBe(false);
  expect(findDownReason(dead, true)).toBe("no live primary owns the slots 10923-16383");
  expect(findDownReason(dead, false)).toBeUndefined();
  expect(findDownReason(seen(["", "", ""], ["0-5460", "5461-10922", "10923-16000"]), true)).toBe(
    "no live primary owns the slots 16001-16383",
  );
});
