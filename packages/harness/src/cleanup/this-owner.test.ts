import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { type Owner, ownerLabels, parseOwner, UNKNOWN } from "./owner.ts";
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

test("a machine's name does not show its id, and differs with the id and the host name", () => {
  const name = nameMachine("id", "boot", "host", "linux");
  expect(name).toMatch(/^[0-9a-f]{16}$/);
  expect(nameMachine("id", "other boot", "host", "linux")).toBe(name);
  expect(nameMachine("id", "boot", "other host", "linux")).not.toBe(name);
  expect(nameMachine("other id", "boot", "host", "linux")).not.toBe(name);
});

test("a Mac keeps its name when its host name changes with the network", () => {
  const name = nameMachine("id", undefined, "mac.lan", "darwin");
  expect(nameMachine("id", undefined, "Macintosh.local", "darwin")).toBe(name);
  expect(nameMachine("other id", undefined, "mac.lan", "darwin")).not.toBe(name);
});

test("without an id that can be trusted, the boot takes its place", () => {
  expect(nameMachine(undefined, "boot", "host")).not.toBe(nameMachine(undefined, "other boot", "host"));
  expect(nameMachine(undefined, undefined, "host")).toBe(UNKNOWN);
});

/** Runs a program that prints this module's owner as JSON. */
async function ownerIn(before: string): Promise<Owner> {
  const module = JSON.stringify(new URL("./this-owner.ts", import.meta.url).href);
  const program = `${before}\nconst { thisOwner } = await import(${module});\nconsole.log(JSON.stringify(await thisOwner()));`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program]);
  return JSON.parse(stdout) as Owner;
}

test("a process in a folder that was deleted is an owner without a project", async () => {
  const owner = await ownerIn(`
    import { mkdtempSync, rmdirSync } from "node:fs";
    const folder = mkdtempSync(${JSON.stringify(join(tmpdir(), "deleted-"))});
    process.chdir(folder);
    rmdirSync(folder);`);
  expect(owner.project).toBe(UNKNOWN);
  expect(parseOwner(ownerLabels(owner))).toEqual(owner);
});

test("a user without an entry in the user database is an owner by number", async () => {
  // What libuv does then: `uv_os_get_passwd` fails with ENOENT.
  const owner = await ownerIn(`
    import os from "node:os";
    import { syncBuiltinESMExports } from "node:module";
    os.userInfo = () => { throw new Error("uv_os_get_passwd returned ENOENT"); };
    syncBuiltinESMExports();`);
  expect(owner.user).toBe(String(process.getuid?.()));
});
