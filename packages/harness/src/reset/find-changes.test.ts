import { expect, test } from "vitest";
import { parseInfo } from "../view/parse-info.ts";
import { findPauses } from "./find-changes.ts";

test("finds a pause that the server reports", () => {
  expect(findPauses(parseInfo("paused_actions:write\r\n"))).toEqual(["pauses its clients (write)"]);
  expect(findPauses(parseInfo("paused_actions:none\r\ncmdstat_client|pause:calls=1,usec=2"))).toEqual([]);
});

test("finds a CLIENT PAUSE without a CLIENT UNPAUSE if the server reports no pauses", () => {
  const paused = "cmdstat_client|pause:calls=1,usec=2\r\n";
  expect(findPauses(parseInfo(paused))).toEqual([
    "may still pause its clients (CLIENT PAUSE without CLIENT UNPAUSE)",
  ]);
  expect(findPauses(parseInfo(`${paused}cmdstat_client|unpause:calls=1,usec=2`))).toEqual([]);
  expect(findPauses(parseInfo("cmdstat_client|list:calls=4,usec=2"))).toEqual([]);
});
