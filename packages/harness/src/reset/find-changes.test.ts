import { expect, test } from "vitest";
import { parseInfo } from "../view/parse-info.ts";
import { findPauses } from "./find-changes.ts";

test("a pause is what the server reports of it", () => {
  expect(findPauses(parseInfo("paused_actions:write\r\n"))).toEqual(["pauses its clients (write)"]);
  expect(findPauses(parseInfo("paused_actions:none\r\ncmdstat_client|pause:calls=1,usec=2"))).toEqual([]);
});

test("a pause of a server that does not report it is a call that no other one has ended", () => {
  const told = "cmdstat_client|pause:calls=1,usec=2\r\n";
  expect(findPauses(parseInfo(told))).toEqual(["was told CLIENT PAUSE, which may last"]);
  expect(findPauses(parseInfo(`${told}cmdstat_client|unpause:calls=1,usec=2`))).toEqual([]);
  expect(findPauses(parseInfo("cmdstat_client|list:calls=4,usec=2"))).toEqual([]);
});
