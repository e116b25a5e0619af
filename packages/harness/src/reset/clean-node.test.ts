import { expect, test } from "vitest";
import { commandsToRestoreSettings, commandsToRestoreUsers } from "./clean-node.ts";

test("restores the old values of changed settings only", () => {
  const before = new Map([
    ["maxmemory", "0"],
    ["save", ""],
  ]);
  const now = new Map([
    ["maxmemory", "100mb"],
    ["save", ""],
  ]);
  expect(commandsToRestoreSettings(before, now)).toEqual([["CONFIG", "SET", "maxmemory", "0"]]);
  expect(commandsToRestoreSettings(before, before)).toEqual([]);
});

test("deletes added users and restores the rules of changed users", () => {
  const before = ["user default on nopass ~* &* +@all", "user app on #ab12 (~app:* +@read) -@all"];
  const now = [
    "user default on nopass ~* &* -@all",
    "user app on #ab12 (~app:* +@read) -@all",
    "user bob on",
  ];
  expect(commandsToRestoreUsers(before, now)).toEqual([
    ["ACL", "DELUSER", "bob"],
    ["ACL", "SETUSER", "default", "reset", "on", "nopass", "~*", "&*", "+@all"],
  ]);
  expect(commandsToRestoreUsers(before, before)).toEqual([]);
});

test("restores a deleted user, with a selector as one rule", () => {
  expect(commandsToRestoreUsers(["user app on (~app:* +@read)"], [])).toEqual([
    ["ACL", "SETUSER", "app", "reset", "on", "(~app:* +@read)"],
  ]);
});
