import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { parseStat, processState } from "./process-state.ts";

test("this process runs, and always says the same of its start", async () => {
  const state = await processState(process.pid);
  expect(state).toEqual({ kind: "running", startedAt: expect.stringMatching(/\S/) });
  expect(await processState(process.pid)).toEqual(state);
});

test("a process that has ended is gone", async () => {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  const pid = child.pid ?? 0;
  expect(await processState(pid)).toMatchObject({ kind: "running" });
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
  expect(await processState(pid)).toEqual({ kind: "gone" });
});

const FIELDS = "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 555 20 21";

test("the start is field 22, whatever the program is called", () => {
  expect(parseStat(`77 (node) S ${FIELDS}`)).toBe("555");
  expect(parseStat(`77 (a) R 1 (b c) S ${FIELDS}`)).toBe("555");
});

test("one that is dead and only not yet reaped counts as gone", () => {
  expect(parseStat(`77 (node) Z ${FIELDS}`)).toBe("zombie");
  expect(parseStat(`77 (node) X ${FIELDS}`)).toBe("zombie");
});
