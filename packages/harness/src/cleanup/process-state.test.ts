import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { parseStat, readProcessState } from "./process-state.ts";

test("reports this process as running, always with the same start", async () => {
  const state = await readProcessState(process.pid);
  expect(state).toEqual({ kind: "running", startedAt: expect.stringMatching(/\S/) });
  expect(await readProcessState(process.pid)).toEqual(state);
});

test("reports a killed process as gone", async () => {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  const pid = child.pid ?? 0;
  expect(await readProcessState(pid)).toMatchObject({ kind: "running" });
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
  expect(await readProcessState(pid)).toEqual({ kind: "gone" });
});

const FIELDS = "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 555 20 21";

test("parses field 22 as the start, for any name of the program", () => {
  expect(parseStat(`77 (node) S ${FIELDS}`)).toBe("555");
  expect(parseStat(`77 (a) R 1 (b c) S ${FIELDS}`)).toBe("555");
});

test("parses the state of a process that is not yet reaped as zombie", () => {
  expect(parseStat(`77 (node) Z ${FIELDS}`)).toBe("zombie");
  expect(parseStat(`77 (node) X ${FIELDS}`)).toBe("zombie");
});
