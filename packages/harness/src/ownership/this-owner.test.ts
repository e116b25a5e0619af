import { expect, test } from "vitest";
import { UNKNOWN } from "./owner.ts";
import { processState } from "./process-state.ts";
import { nameMachine, thisOwner } from "./this-owner.ts";

test("this process owns with its number, its start, its folder and the library's version", async () => {
  const owner = await thisOwner();
  const state = await processState(process.pid);
  expect(owner).toMatchObject({ pid: process.pid, project: process.cwd() });
  expect({ kind: "running", startedAt: owner.startedAt }).toEqual(state);
  expect(owner.version).toMatch(/^\d+\.\d+\.\d+/);
  expect(Object.values(owner)).not.toContain("");
});

test("a machine's name does not show its id, and differs with id, boot and host name", () => {
  const name = nameMachine("id", "boot", "host");
  expect(name).toMatch(/^[0-9a-f]{16}$/);
  expect(nameMachine("id", "other boot", "host")).toBe(name);
  expect(nameMachine("id", "boot", "other host")).not.toBe(name);
  expect(nameMachine("other id", "boot", "host")).not.toBe(name);
});

test("where an id cannot be trusted, the boot takes its place", () => {
  expect(nameMachine(undefined, "boot", "host")).not.toBe(nameMachine(undefined, "other boot", "host"));
  expect(nameMachine(undefined, undefined, "host")).toBe(UNKNOWN);
});
