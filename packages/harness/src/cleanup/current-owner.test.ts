import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { type Owner, ownerLabels, parseOwner, UNKNOWN } from "./owner.ts";
import { readProcessState } from "./process-state.ts";
import { currentOwner, hashMachine } from "./current-owner.ts";

test("the current owner has the process id, the start, the folder and the version", async () => {
  const owner = await currentOwner();
  const state = await readProcessState(process.pid);
  expect(owner).toMatchObject({ pid: process.pid, project: process.cwd() });
  expect({ kind: "running", startedAt: owner.startedAt }).toEqual(state);
  expect(owner.version).toMatch(/^\d+\.\d+\.\d+/);
  expect(Object.values(owner)).not.toContain("");
});

test("the hash of a machine depends on the machine id and the host name", () => {
  const hash = hashMachine("id", "boot", "host", "linux");
  expect(hash).toMatch(/^[0-9a-f]{16}$/);
  expect(hashMachine("id", "other boot", "host", "linux")).toBe(hash);
  expect(hashMachine("id", "boot", "other host", "linux")).not.toBe(hash);
  expect(hashMachine("other id", "boot", "host", "linux")).not.toBe(hash);
});

test("the hash of a Mac does not depend on its host name", () => {
  const hash = hashMachine("id", undefined, "mac.lan", "darwin");
  expect(hashMachine("id", undefined, "Macintosh.local", "darwin")).toBe(hash);
  expect(hashMachine("other id", undefined, "mac.lan", "darwin")).not.toBe(hash);
});

test("the hash of a machine without an id depends on the boot id", () => {
  expect(hashMachine(undefined, "boot", "host")).not.toBe(hashMachine(undefined, "other boot", "host"));
  expect(hashMachine(undefined, undefined, "host")).toBe(UNKNOWN);
});

/** Runs code and then reads the current owner, in a process of its own. */
async function ownerAfter(before: string): Promise<Owner> {
  const module = JSON.stringify(new URL("./current-owner.ts", import.meta.url).href);
  const program = `${before}\nconst { currentOwner } = await import(${module});\nconsole.log(JSON.stringify(await currentOwner()));`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program]);
  return JSON.parse(stdout) as Owner;
}

test("the project of an owner is unknown if the working folder was deleted", async () => {
  const owner = await ownerAfter(`
    import { mkdtempSync, rmdirSync } from "node:fs";
    const folder = mkdtempSync(${JSON.stringify(join(tmpdir(), "deleted-"))});
    process.chdir(folder);
    rmdirSync(folder);`);
  expect(owner.project).toBe(UNKNOWN);
  expect(parseOwner(ownerLabels(owner))).toEqual(owner);
});

test("an owner has a user id also without an entry in the user database", async () => {
  // In this case `uv_os_get_passwd` of libuv fails with ENOENT.
  const owner = await ownerAfter(`
    import os from "node:os";
    import { syncBuiltinESMExports } from "node:module";
    os.userInfo = () => { throw new Error("uv_os_get_passwd returned ENOENT"); };
    syncBuiltinESMExports();`);
  expect(owner.user).toBe(String(process.getuid?.()));
});
